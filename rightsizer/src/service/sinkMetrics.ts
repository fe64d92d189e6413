import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { CommittedCounts } from '../sink/usageSink.ts';

export interface SinkMetrics {
  committed(partition: number, counts: CommittedCounts): void;
  quarantined(reason: string): void;
  waiting(partition: number, waits: boolean): void;
  stale(): void;
}

/** What the usage sink counts; labels are partitions and the table of reasons. */
export function sinkMetrics(registry: Registry): SinkMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `prorata_usage_${name}`, help, labelNames, registers });
  const records = counter('records_total', 'Usage records committed to the table.', ['partition']);
  const rows = counter('rows_total', 'Rows that they became.', ['partition']);
  const duplicates = counter(
    'duplicates_total',
    'Usage records that were sent again, and count already.',
    ['partition'],
  );
  const lateHours = new Gauge({
    name: 'prorata_usage_late_hours',
    help: 'Whole hours of log time in which a usage id counts once; below 24 there are too many ids.',
    labelNames: ['partition'],
    registers,
  });
  const aside = counter('quarantined_total', 'Usage records put aside, by reason.', ['reason']);
  const waiting = new Gauge({
    name: 'prorata_usage_waiting',
    help: '1 where a partition waits because it cannot be read which quotas there are.',
    labelNames: ['partition'],
    registers,
  });
  const stale = counter('stale_claims_total', 'Commits refused because another sink took over.');

  return {
    committed(partition, counts) {
      records.inc({ partition }, counts.records);
      rows.inc({ partition }, counts.rows);
      duplicates.inc({ partition }, counts.duplicates);
      lateHours.set({ partition }, counts.lateHours);
    },
    quarantined: (reason) => aside.inc({ reason }),
    waiting: (partition, waits) => waiting.set({ partition }, waits ? 1 : 0),
    stale: () => stale.inc(),
  };
}
