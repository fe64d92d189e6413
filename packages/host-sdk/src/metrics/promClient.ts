import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Host } from '../host.ts';
import { hostMetrics, wallMicros } from './hostMetrics.ts';
import type { HostMetric } from './hostMetrics.ts';

/** Adds a host's figures to a registry of prom-client; they are read when it is. */
export function registerHost(host: Host, registry: Registry): void {
  for (const metric of hostMetrics) registerMetric(metric, host, registry);
}

function registerMetric(
  { name, help, kind, labels, read }: HostMetric,
  host: Host,
  registry: Registry,
): void {
  const labelNames = ['application', ...labels];
  const settings = { name, help, labelNames, registers: [registry] };
  const each = (tell: (labels: Record<string, string>, value: number) => void): void => {
    const status = host.status();
    for (const sample of read(status, wallMicros())) {
      tell({ application: status.application, ...sample.labels }, sample.value);
    }
  };
  if (kind === 'counter') {
    const counter = new Counter({
      ...settings,
      collect: () => {
        counter.reset();
        each((of, value) => counter.inc(of, value));
      },
    });
    return;
  }
  const gauge = new Gauge({
    ...settings,
    collect: () => {
      gauge.reset();
      each((of, value) => gauge.set(of, value));
    },
  });
}
