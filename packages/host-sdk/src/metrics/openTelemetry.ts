import type { Meter, Observable, ObservableResult } from '@opentelemetry/api';
import type { Host } from '../host.ts';
import { hostMetrics, wallMicros } from './hostMetrics.ts';
import type { HostMetric } from './hostMetrics.ts';

/**
 * Adds a host's figures to a meter of OpenTelemetry; they are read when it is collected. Names are
 * those of Prometheus with dots, without `_total`: `prorata.host.decisions`.
 * @returns a function that ends it
 */
export function observeHost(host: Host, meter: Meter): () => void {
  const ends = hostMetrics.map((metric) => {
    const observable = observableOf(metric, meter);
    const observe = (result: ObservableResult): void => {
      const status = host.status();
      const { application } = status;
      for (const { labels, value } of metric.read(status, wallMicros())) {
        // An exporter over JSON has no infinity: what was never confirmed is not told of.
        if (Number.isFinite(value)) result.observe(value, { application, ...labels });
      }
    };
    observable.addCallback(observe);
    return () => observable.removeCallback(observe);
  });
  return () => {
    for (const end of ends) end();
  };
}

function observableOf({ name, help, kind }: HostMetric, meter: Meter): Observable {
  const seconds = name.endsWith('_seconds');
  const dotted = name.replace(/^prorata_host_/, 'prorata.host.').replace(/_(total|seconds)$/, '');
  const options = { description: help, ...(seconds ? { unit: 's' } : {}) };
  return kind === 'counter'
    ? meter.createObservableCounter(dotted, options)
    : meter.createObservableGauge(dotted, options);
}
