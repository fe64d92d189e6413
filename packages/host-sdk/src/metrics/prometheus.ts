import type { Host } from '../host.ts';
import { hostMetrics, wallMicros } from './hostMetrics.ts';
import type { HostMetric, Sample } from './hostMetrics.ts';

/** What a response with `prometheusText` is. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All figures of a host in Prometheus' text format, to serve as they are or beside others. */
export function prometheusText(host: Host): string {
  const status = host.status();
  const now = wallMicros();
  const common = { application: status.application };
  return hostMetrics.map((metric) => familyText(metric, metric.read(status, now), common)).join('');
}

function familyText(
  { name, help, kind }: HostMetric,
  samples: readonly Sample[],
  common: Sample['labels'],
): string {
  if (samples.length === 0) return '';
  const lines = samples.map(
    ({ labels, value }) => `${name}{${labelsText({ ...common, ...labels })}} ${valueText(value)}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

function labelsText(labels: Sample['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, escaped)}"`)
    .join(',');
}

const escaped = (character: string): string => (character === '\n' ? '\\n' : `\\${character}`);

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
}
