import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { LagMeter } from './lag/lagMeter.ts';
import type { PartitionOwner } from './partition/partitionOwner.ts';

export interface ProjectorMetrics {
  readonly applied: (topic: string, records: number) => void;
}

/** Records applied, records behind, and the partitions that stopped with the offset they stand at. */
export function projectorMetrics(
  registry: Registry,
  {
    owners,
    lag,
    topics,
  }: {
    readonly owners: readonly PartitionOwner[];
    readonly lag: LagMeter;
    readonly topics: readonly string[];
  },
): ProjectorMetrics {
  const registers = [registry];
  const applied = new Counter({
    name: 'prorata_projector_applied_records_total',
    help: 'Records whose rows are committed.',
    labelNames: ['topic'],
    registers,
  });
  new Gauge({
    name: 'prorata_projector_lag_records',
    help: 'At most how many records the tables do not show yet.',
    labelNames: ['topic'],
    registers,
    async collect() {
      this.reset();
      for (const topic of topics) {
        const behind = await lag.measure([topic]).catch(() => null);
        if (behind !== null) this.set({ topic }, Number(behind));
      }
    },
  });
  new Gauge({
    name: 'prorata_projector_stopped_offset',
    help: 'The record at which a partition stopped; absent while it goes on.',
    labelNames: ['topic', 'partition', 'code'],
    registers,
    collect() {
      this.reset();
      for (const { topic, partition, code, offset } of owners.flatMap(({ stops }) => stops)) {
        this.set({ topic, partition, code }, Number(offset));
      }
    },
  });
  return { applied: (topic, records) => applied.inc({ topic }, records) };
}
