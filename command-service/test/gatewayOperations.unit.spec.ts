import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { LogRecord } from '@prorata/kafka-port';
import { startTracing, tracingTo } from '@prorata/service-runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { openCollector } from '@prorata/service-runtime/testing';
import { createQuota, post, registerApplication } from './commands.ts';
import { startMemoryService } from './memoryService.ts';
import type { MemoryService } from './memoryService.ts';

const services: MemoryService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});
async function start(
  options: Parameters<typeof startMemoryService>[0] = {},
): Promise<MemoryService> {
  const service = await startMemoryService(options);
  services.push(service);
  return service;
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 8_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`It never came about that ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a gateway', () => {
  it('is not ready while nobody owns the partitions, and names them', async () => {
    const { url } = await start({ withWriter: false });
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    const { checks } = (await answer.json()) as { checks: { name: string; detail?: string }[] };
    const owned = checks.find(({ name }) => name === 'partitions owned');
    expect(owned).toMatchObject({ ok: false, detail: 'no writer owns 0, 1' });
  });

  it('is ready once a writer owns them all, and measures what becomes of commands', async () => {
    const { url, secrets } = await start();
    await eventually('it is ready', async () => (await fetch(`${url}/readyz`)).ok);
    const token = secrets.token();
    expect((await post(url, token, registerApplication('moka'))).status).toBe(200);
    expect((await post(url, token, createQuota('tidb/x'))).status).toBe(404);
    expect((await post(url, token, { type: 'CreateQuota' })).status).toBe(422);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      'prorata_gateway_commands_total{type="RegisterApplication",result="accepted"} 1',
      'prorata_gateway_commands_total{type="CreateQuota",result="refused"} 1',
      'prorata_gateway_not_taken_total{code="INVALID_COMMAND"} 1',
      'prorata_gateway_outcome_seconds_count 2',
      'prorata_gateway_waiting_commands 0',
      'prorata_gateway_partition_owned{partition="1"} 1',
    ]) {
      expect(metrics).toContain(line);
    }
  });

  it('that ends takes nothing more, and tells who waits where the outcome will be', async () => {
    const { url, secrets, gateway } = await start({ withWriter: false, outcomeTimeoutMs: 60_000 });
    const token = secrets.token();
    const waiting = post(url, token, registerApplication('moka'));
    await eventually('it waits', async () =>
      (await (await fetch(`${url}/metrics`)).text()).includes('waiting_commands 1'),
    );
    const drained = gateway.drain();
    const late = await post(url, token, registerApplication('tidb'));
    expect([late.status, late.body['code']]).toEqual([503, 'SHUTTING_DOWN']);
    expect(late.headers.get('retry-after')).toBe('1');
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    await drained;
    const answer = await waiting;
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/v1/commands/${answer.commandId}`);
  });

  it('that ends gives what the writer still decides its outcome', async () => {
    const { url, secrets, gateway } = await start();
    const token = secrets.token();
    const answers = Array.from({ length: 20 }, (_, at) =>
      post(url, token, registerApplication(`a${at}`)),
    );
    await eventually('all are under way', async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const counted = /result="accepted"} (\d+)/.exec(text)?.[1] ?? '0';
      const waiting = /waiting_commands (\d+)/.exec(text)?.[1] ?? '0';
      return Number(counted) + Number(waiting) === 20;
    });
    await gateway.drain();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(
      answers.map(() => 200),
    );
  });
});

describe('a trace', () => {
  it('reaches from the request to the event', async () => {
    const exporter = new InMemorySpanExporter();
    const service = await start({ tracing: tracingTo('test', exporter) });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const { url, secrets, port } = service;
    const body = registerApplication('moka');
    const answer = await post(url, secrets.token(), body, undefined, { traceparent });
    expect(answer.status).toBe(200);
    const span = (name: string): ReadableSpan | undefined =>
      exporter.getFinishedSpans().find((each) => each.name === name);
    await eventually('both spans have ended', () =>
      Promise.resolve(span('submit command') !== undefined && span('decide command') !== undefined),
    );
    const [submit, decide] = [span('submit command'), span('decide command')];
    expect(submit?.spanContext().traceId).toBe(traceId);
    expect(submit?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(decide?.parentSpanContext?.spanId).toBe(submit?.spanContext().spanId);
    expect(decide?.attributes).toMatchObject({
      'prorata.command.id': answer.commandId,
      'prorata.result': 'accepted',
    });
    const records: LogRecord[] = [];
    for (const partition of [0, 1]) {
      const place = { topic: 'quota.events', partition };
      await port.log.readToEnd(place, 0n, (batch) => void records.push(...batch));
    }
    const sent = `00-${traceId}-${decide?.spanContext().spanId ?? ''}-01`;
    expect(records.map(({ headers }) => headers.get('traceparent')?.toString())).toEqual([sent]);
  });

  it('arrives at a collector by OTLP over HTTP, the request’s and the event’s span in one', async () => {
    const collector = await openCollector();
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` };
    const tracing = await startTracing('command-service', environment);
    if (tracing === null) throw new Error('Nothing is traced.');
    try {
      const { url, secrets, port } = await start({ tracing });
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
      const body = registerApplication('moka');
      const answer = await post(url, secrets.token(), body, undefined, { traceparent });
      expect(answer.status).toBe(200);
      await tracing.stop();
      expect(collector.requests.map(({ path, type }) => [path, type])).toContainEqual([
        '/v1/traces',
        'application/json',
      ]);
      const [submit, decide] = ['submit command', 'decide command'].map((name) =>
        collector.spans().find((span) => span.name === name),
      );
      expect(submit).toMatchObject({
        traceId,
        parentSpanId: '00f067aa0ba902b7',
        service: 'command-service',
      });
      expect(decide).toMatchObject({ traceId, parentSpanId: submit?.spanId });
      const sent: (string | undefined)[] = [];
      for (const partition of [0, 1]) {
        await port.log.readToEnd({ topic: 'quota.events', partition }, 0n, (batch) => {
          sent.push(...batch.map(({ headers }) => headers.get('traceparent')?.toString()));
        });
      }
      expect(sent).toEqual([`00-${traceId}-${decide?.spanId ?? ''}-01`]);
    } finally {
      await collector.close();
    }
  });

  it('is none where nobody collects any', async () => {
    const { url, secrets, port } = await start();
    await post(url, secrets.token(), registerApplication('moka'));
    const records: LogRecord[] = [];
    for (const partition of [0, 1]) {
      const place = { topic: 'quota.events', partition };
      await port.log.readToEnd(place, 0n, (batch) => void records.push(...batch));
    }
    expect(records.map(({ headers }) => headers.has('traceparent'))).toEqual([false]);
  });
});
