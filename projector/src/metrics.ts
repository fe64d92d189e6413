import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { countEnforcement } from './enforcement/enforcementCounts.ts';
import type { Feeds } from './feed/feeds.ts';
import type { GenerationKeeper } from './generations/keeper.ts';
import type { LiveTables } from './generations/liveTables.ts';

export interface ProjectorMetrics {
  /** @param copy the schema of the tables */
  readonly applied: (copy: string, topic: string, records: number) => void;
  /** One that could not be read. */
  readonly skipped: (copy: string, topic: string) => void;
}

/** Records applied, records behind, and the partitions that stopped with the offset they stand at. */
export function projectorMetrics(
  registry: Registry,
  {
    keeper,
    tables,
    topics,
    feeds,
  }: {
    readonly keeper: Pick<GenerationKeeper, 'feeds'>;
    readonly tables: LiveTables;
    readonly topics: readonly string[];
    readonly feeds: Pick<Feeds, 'size' | 'cut'>;
  },
): ProjectorMetrics {
  const registers = [registry];
  const applied = new Counter({
    name: 'prorata_projector_applied_records_total',
    help: 'Records whose rows are committed.',
    labelNames: ['copy', 'topic'],
    registers,
  });
  const skipped = new Counter({
    name: 'prorata_projector_skipped_records_total',
    help: 'Reports that could not be read, and were passed over.',
    labelNames: ['copy', 'topic'],
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
        const behind = await tables.live?.lag.measure([topic]).catch(() => null);
        if (behind === undefined) return;
        if (behind !== null) this.set({ topic }, Number(behind));
      }
    },
  });
  enforcementGauges(registers, tables);
  new Gauge({
    name: 'prorata_projector_stopped_offset',
    help: 'The record at which a partition stopped; absent while it goes on.',
    labelNames: ['copy', 'topic', 'partition', 'code'],
    registers,
    collect() {
      this.reset();
      for (const { schema: copy, stops } of keeper.feeds) {
        for (const { topic, partition, code, offset } of stops) {
          this.set({ copy, topic, partition, code }, Number(offset));
        }
      }
    },
  });
  new Gauge({
    name: 'prorata_projector_feeds',
    help: 'Feeds of changes that are open.',
    registers,
    collect() {
      this.set(feeds.size);
    },
  });
  new Gauge({
    name: 'prorata_projector_feeds_cut',
    help: 'Clients of feeds cut off because they did not read, since the start.',
    registers,
    collect() {
      this.set(feeds.cut);
    },
  });
  return {
    applied: (copy, topic, records) => applied.inc({ copy, topic }, records),
    skipped: (copy, topic) => skipped.inc({ copy, topic }),
  };
}

function enforcementGauges(registers: Registry[], tables: Pick<LiveTables, 'live'>): void {
  for (const [kind, what] of [
    ['hosts', 'Hosts that have reported within a day'],
    ['targets', 'Targets of registered dispatchers'],
  ] as const) {
    new Gauge({
      name: `prorata_projector_${kind}`,
      help: `${what}, by state; drifted is an alarm. Applications beyond the 200 largest are _others.`,
      labelNames: ['application', 'state'],
      registers,
      async collect() {
        this.reset();
        const pool = tables.live?.pool;
        const counts = pool === undefined ? [] : await countEnforcement(pool, kind).catch(() => []);
        for (const { application, state, count } of counts) this.set({ application, state }, count);
      },
    });
  }
}
