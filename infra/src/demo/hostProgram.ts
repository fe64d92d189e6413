import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import {
  httpRules,
  httpUsage,
  kafkaRules,
  kafkaUsage,
  startHost,
  verdictNames,
} from '@prorata/host-sdk';
import type { Handle, Host } from '@prorata/host-sdk';
import { ReferenceLimiter } from '@prorata/host-sdk/testing';
import { fullNameOf, toJson } from '@prorata/schemas';
import { connectLog, createCodec, readLogSettings } from '@prorata/service-runtime';
import { DecisionTimes } from './decisionTimes.ts';
import { DemoClock } from './demoClock.ts';
import { hostIntervals } from './demoPolicy.ts';
import type { FromHost, ToHost } from './hostMessages.ts';
import { application, quotaOf } from './scenario.ts';
import { services } from './workload.ts';
import type { Request, Service } from './workload.ts';

/** A request body of the demo's own HTTP load is some hundred bytes. */
const BODY_BYTES_MAX = 10_000;

function tell(message: FromHost): void {
  if (process.connected) process.send?.(message);
}

/** A service that uses the host SDK, and checks each of its decisions against the model. */
class DemoService {
  readonly #host: Host;
  readonly #handles: Readonly<Record<Service, Handle>>;
  readonly #reference = new ReferenceLimiter();
  readonly #times = new DecisionTimes();
  readonly #ruleSet: Record<string, string> = {};
  #unlikeModel = 0;
  #allowed: Record<Service, number> = { conv: 0, code: 0 };
  #refused: Record<Service, number> = { conv: 0, code: 0 };
  #replay: NodeJS.Timeout | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.#handles = {
      conv: host.bind({ quota: quotaOf.conv }),
      code: host.bind({ quota: quotaOf.code }),
    };
    host.onApplied((change) => {
      for (const rule of change.rules) this.#applied(rule, change.atMicros);
      for (const quotaId of change.removed) {
        this.#reference.removeRule(quotaId);
        Reflect.deleteProperty(this.#ruleSet, quotaId);
      }
    });
  }

  /** Serves one request: a place among the concurrent ones, then its tokens. */
  serve(request: Request): boolean {
    const { service } = request;
    if (!this.#decide(service, 'acquire', 'requests', 1)) return this.#count(service, false);
    const admitted = this.#decide(service, 'take', 'tokens', request.tokens);
    setTimeout(() => this.#release(service), admitted ? request.holdMs : 0);
    return this.#count(service, admitted);
  }

  replay(requests: readonly Request[], startAtMs: number): void {
    clearInterval(this.#replay);
    let next = 0;
    this.#replay = setInterval(() => {
      const nowMs = Date.now() - startAtMs;
      for (
        let request = requests[next];
        request !== undefined && request.atMs <= nowMs;
        request = requests[next]
      ) {
        next += 1;
        this.serve(request);
      }
    }, 5);
  }

  measure(): void {
    const { count, p99Nanos, nanos } = this.#times.take();
    const { source, rules } = this.#host.status();
    tell({
      kind: 'figures',
      figures: {
        decisions: count,
        unlikeModel: this.#unlikeModel,
        p99Nanos,
        nanos,
        allowed: this.#allowed,
        refused: this.#refused,
        source: String(source),
        rules,
        ruleSet: { ...this.#ruleSet },
      },
    });
    this.#unlikeModel = 0;
    this.#allowed = { conv: 0, code: 0 };
    this.#refused = { conv: 0, code: 0 };
  }

  #decide(service: Service, verb: 'acquire' | 'take', resource: string, amount: number): boolean {
    const handle = this.#handles[service];
    const before = process.hrtime.bigint();
    const verdict =
      verb === 'take' ? handle.take(resource, amount) : handle.acquire(resource, amount);
    this.#times.add(Number(process.hrtime.bigint() - before));
    const at = BigInt(this.#host.last.atMicros);
    const expected =
      verb === 'take'
        ? this.#reference.take(quotaOf[service], resource, BigInt(amount), at)
        : this.#reference.acquire(quotaOf[service], resource, BigInt(amount), at);
    if (expected.verdict !== verdictNames[verdict]) this.#unlikeModel += 1;
    return verdict === 0;
  }

  #release(service: Service): void {
    this.#handles[service].release('requests');
    this.#reference.release(quotaOf[service], 'requests', 1n);
  }

  #count(service: Service, admitted: boolean): boolean {
    if (admitted) this.#allowed[service] += 1;
    else this.#refused[service] += 1;
    return admitted;
  }

  /** The model learns the rule at the same moment; a decision under it is asked for at once. */
  #applied(rule: Parameters<ReferenceLimiter['setRule']>[0], atMicros: number): void {
    this.#reference.setRule(rule, BigInt(atMicros));
    this.#ruleSet[rule.quotaId] = JSON.stringify(toJson(fullNameOf.Rule, rule));
    const appliedAtMs = Date.now();
    const service = services.find((name) => quotaOf[name] === rule.quotaId);
    if (service === undefined) return;
    this.#handles[service].peek('tokens', 1);
    tell({
      kind: 'applied',
      rule: {
        quotaId: rule.quotaId,
        quotaVersion: rule.quotaVersion,
        appliedAtMs,
        enforcedAtMs: Date.now(),
      },
    });
  }
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set.`);
  return value;
}

async function start(): Promise<Host> {
  const hostId = setting('DEMO_HOST_ID');
  const directory = setting('DEMO_HOST_DIRECTORY');
  const clock = new DemoClock();
  const common = { application, hostId, directory, clock, ...hostIntervals };
  if (setting('DEMO_HOST_TRANSPORT') === 'http') {
    const relay = { url: setting('DEMO_RELAY_URL'), token: setting('DEMO_HOST_TOKEN') };
    return startHost({ ...common, rules: httpRules(relay), usage: httpUsage(relay) });
  }
  const settings = readLogSettings(process.env);
  const log = {
    port: connectLog(settings, hostId),
    codec: createCodec(settings),
    namespace: settings.namespace,
  };
  return startHost({ ...common, rules: kafkaRules(log), usage: kafkaUsage(log) });
}

function listen(service: DemoService): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(service, request, response);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

async function answer(
  service: DemoService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > BODY_BYTES_MAX) break;
  }
  try {
    const admitted = service.serve(JSON.parse(body) as Request);
    response.writeHead(admitted ? 200 : 429).end();
  } catch {
    response.writeHead(400).end();
  }
}

async function main(): Promise<void> {
  const host = await start();
  const service = new DemoService(host);
  const server = await listen(service);
  process.on('message', (message: ToHost) => {
    if (message.kind === 'replay') service.replay(message.requests, message.startAtMs);
    else if (message.kind === 'measure') service.measure();
    else void host.stop().finally(() => process.exit(0));
  });
  // Without the demo there is nobody to stop this process.
  process.on('disconnect', () => process.exit(0));
  const { source, rules } = host.status();
  const { port } = server.address() as AddressInfo;
  tell({ kind: 'ready', source: String(source), rules, port });
}

main().catch((error: unknown) => {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  process.disconnect();
});
