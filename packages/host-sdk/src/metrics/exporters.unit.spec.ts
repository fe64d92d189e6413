import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Registry } from 'prom-client';
import { afterEach, expect, it, vi } from 'vitest';
import { prometheusExample } from '../../test/examples/prometheus.ts';
import { permits, rate, RecordingChannel, rule, ToldSource } from '../../test/fixtures.ts';
import { hostUnder } from '../../test/hostUnder.ts';
import type { Host, HostOptions } from '../host.ts';
import { overloadGate } from '../overload/index.ts';
import { startHost } from '../startHost.ts';
import { hostMetrics } from './hostMetrics.ts';
import { observeHost } from './openTelemetry.ts';
import { registerHost } from './promClient.ts';
import { prometheusText } from './prometheus.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function hostThatDecided(options: Partial<HostOptions> = {}): Promise<Host> {
  const limits = [{ ...rate(4n), perMicros: 3_600_000_000n }, permits(5n)];
  const { host, sink } = await hostUnder([rule('moka/ads', limits)], {
    overload: overloadGate(),
    usageWindowMs: 10,
    ...options,
  });
  sink.confirm();
  cleanUps.push(() => host.stop());
  const handle = host.bind({ quota: 'moka/ads' });
  for (let count = 0; count < 3; count += 1) handle.take('tokens', 2);
  host.admit({ tier: 1 })?.release();
  await expect.poll(() => host.status().usage.byResource['tokens']?.used).toBe(4);
  return host;
}

/** Lines of the text format by series, read strictly: a line that is none fails. */
function seriesOf(text: string): Map<string, string> {
  const series = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    if (/^# (HELP [a-z_]+ \S.*|TYPE [a-z_]+ (counter|gauge))$/.test(line)) continue;
    const read = /^([a-z_]+)\{([a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*)\} (\S+)$/.exec(line);
    expect([line, read !== null]).toEqual([line, true]);
    const key = `${read![1]!}{${read![2]!.split(',').sort().join()}}`;
    expect([key, series.has(key)]).toEqual([key, false]);
    series.set(key, read![3]!);
  }
  return series;
}

it('writes every figure as Prometheus reads it', async () => {
  const host = await hostThatDecided();
  const series = seriesOf(prometheusText(host));
  const of = (name: string, ...labels: string[]) =>
    series.get(`prorata_host_${name}{${['application="moka"', ...labels].sort().join()}}`);
  expect(of('decisions_total', 'verdict="allow"')).toBe('2');
  expect(of('decisions_total', 'verdict="refuse"')).toBe('1');
  expect(of('used_total', 'resource="tokens"')).toBe('4');
  expect(of('refused_total', 'resource="tokens"')).toBe('2');
  expect(of('rules')).toBe('1');
  expect(of('rules_complete')).toBe('1');
  expect(Number(of('rule_staleness_seconds'))).toBeLessThan(30);
  expect(of('usage_records_dropped_total')).toBe('0');
  expect(of('keys_max')).toBe('100000');
  expect(of('overload_admitted_total')).toBe('1');
  expect(of('overload_refused_total', 'tier="4"')).toBe('0');
});

it('says infinite of rules that were never confirmed: no alarm must miss that', async () => {
  const host = await startHost({
    application: 'moka',
    rules: new ToldSource(),
    usage: new RecordingChannel(),
    startDeadlineMs: 1,
  });
  cleanUps.push(() => host.stop());
  expect(prometheusText(host)).toContain(
    'prorata_host_rule_staleness_seconds{application="moka"} +Inf',
  );
});

it('says the same through prom-client as by itself, at every scrape anew', async () => {
  const host = await hostThatDecided();
  const registry = new Registry();
  registerHost(host, registry);
  const withoutTimes = (text: string) =>
    new Map([...seriesOf(text)].filter(([name]) => !/seconds|health|waiting|sent/.test(name)));
  await registry.metrics();
  const theirs = (await registry.metrics())
    .split('\n')
    // prom-client writes a zero for a metric without labels that has no value, and empty families.
    .filter((line) => line !== '')
    .join('\n');
  expect(withoutTimes(theirs)).toEqual(withoutTimes(prometheusText(host)));
});

it('says the same through OpenTelemetry, until it is ended', async () => {
  const host = await hostThatDecided();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  cleanUps.push(() => provider.shutdown());
  const end = observeHost(host, provider.getMeter('test'));
  await provider.forceFlush();
  const metrics = exporter.getMetrics().at(-1)!.scopeMetrics[0]!.metrics;
  const pointsOf = (name: string) =>
    metrics
      .find(({ descriptor }) => descriptor.name === name)!
      .dataPoints.map(({ attributes, value }) => [attributes, value]);
  expect(pointsOf('prorata.host.decisions')).toContainEqual([
    { application: 'moka', verdict: 'refuse' },
    1,
  ]);
  expect(pointsOf('prorata.host.used')).toContainEqual([
    { application: 'moka', resource: 'tokens' },
    4,
  ]);
  expect(pointsOf('prorata.host.rule_staleness')).toHaveLength(1);
  // The process's health is read for the first time after 100 ms.
  expect(metrics.length).toBeGreaterThanOrEqual(hostMetrics.length - 1);
  end();
  const asked = vi.spyOn(host, 'status');
  await provider.forceFlush();
  expect(asked).not.toHaveBeenCalled();
});

it('has at most 101 series a resource figure, however many resources are named', async () => {
  const { host } = await hostUnder([rule('moka/ads', [rate(4n)])], { usageWindowMs: 10 });
  cleanUps.push(() => host.stop());
  const handle = host.bind({ quota: 'moka/ads' });
  for (let index = 0; index < 300; index += 1) handle.take(`resource-${index}`, 1);
  await expect.poll(() => host.status().usage.byResource['(other)']?.used ?? 0).toBeGreaterThan(0);
  const used = [...seriesOf(prometheusText(host)).keys()].filter((name) =>
    name.includes('_used_total'),
  );
  expect(used.length).toBeLessThanOrEqual(101);
});

it('serves them as the reference shows', async () => {
  const host = await hostThatDecided();
  const server = prometheusExample(host).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    headers: { connection: 'close' },
  });
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  seriesOf(await response.text());
});

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;
it.skipIf(!hasPromtool)('passes promtool’s own check (skipped without promtool)', async () => {
  const host = await hostThatDecided();
  execFileSync('promtool', ['check', 'metrics'], { input: prometheusText(host) });
});
