import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { RECENT_MAX } from './recentCommands.ts';

export interface WriterMetrics {
  readonly commands: Counter<'status' | 'code'>;
  readonly events: Counter<'cause'>;
  readonly appendSeconds: Histogram;
  readonly batchCommands: Histogram;
  readonly restoreSeconds: Histogram;
  /** 1 while a partition is stopped: somebody has to look. */
  readonly stopped: Gauge<'partition'>;
  readonly owned: Gauge<'partition'>;
  readonly queued: Gauge<'partition'>;
  readonly ownershipLost: Counter<'why'>;
  /** At its bound new commands are refused. */
  readonly remembered: Gauge<'partition'>;
  /** At its bound commands that make more are refused. */
  readonly quotas: Gauge<'partition'>;
  /** Grows while nothing is anchored: what is altered there now, no anchor would show. */
  readonly unanchored: Gauge<'partition'>;
  readonly snapshots: Counter;
  /** Grows while a partition has more streams than a manifest can name: its restores get slower. */
  readonly snapshotsLeftOut: Counter;
  /** Bytes that could not be read or that nobody vouches for: somebody else writes to the topic. */
  readonly deadLetters: Counter<'partition'>;
  /** Asks at each scrape whether the public keys are older than their file may be. */
  readonly watchPublicKeys: (areStale: () => boolean) => void;
}

export function writerMetrics(registry: Registry): WriterMetrics {
  const registers = [registry];
  const seconds = [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5, 15, 60];
  const gauge = (name: string, help: string): Gauge<'partition'> =>
    new Gauge({ name: `prorata_writer_${name}`, help, labelNames: ['partition'], registers });
  return {
    commands: new Counter({
      name: 'prorata_writer_commands_total',
      help: 'Outcomes written, by status and code.',
      labelNames: ['status', 'code'],
      registers,
    }),
    events: new Counter({
      name: 'prorata_writer_events_total',
      help: 'Events written, by cause.',
      labelNames: ['cause'],
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'prorata_writer_append_seconds',
      help: 'One transaction, begin to commit.',
      buckets: seconds,
      registers,
    }),
    batchCommands: new Histogram({
      name: 'prorata_writer_batch_commands',
      help: 'Commands decided in one append.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
      registers,
    }),
    restoreSeconds: new Histogram({
      name: 'prorata_writer_restore_seconds',
      help: 'Fence and restore of one partition.',
      buckets: seconds,
      registers,
    }),
    stopped: gauge('partition_stopped', 'The partition takes no commands until somebody looks.'),
    owned: gauge('partition_owned', 'This process serves the partition.'),
    queued: gauge('queued_commands', 'Commands fetched and not yet decided.'),
    ownershipLost: new Counter({
      name: 'prorata_writer_ownership_lost_total',
      help: 'Times a partition was fenced and restored anew, by reason.',
      labelNames: ['why'],
      registers,
    }),
    remembered: gauge(
      'remembered_commands',
      `Commands of the last 24 hours; at ${RECENT_MAX} new ones are refused.`,
    ),
    quotas: gauge('quotas', 'Quotas that the partition holds.'),
    unanchored: gauge('unanchored_events', 'Events that no anchor covers yet.'),
    snapshots: new Counter({
      name: 'prorata_writer_snapshots_total',
      help: 'Snapshots completed.',
      registers,
    }),
    snapshotsLeftOut: new Counter({
      name: 'prorata_writer_snapshots_left_out_total',
      help: 'Snapshots that were due and had more streams than one manifest can name.',
      registers,
    }),
    deadLetters: new Counter({
      name: 'prorata_writer_dead_letters_total',
      help: 'Commands whose bytes were copied to the dead-letter topic.',
      labelNames: ['partition'],
      registers,
    }),
    watchPublicKeys: (areStale) => {
      new Gauge({
        name: 'prorata_writer_public_keys_stale',
        help: '1 while the file of the public keys cannot be read again: no key is revoked meanwhile.',
        registers,
        collect() {
          this.set(areStale() ? 1 : 0);
        },
      });
    },
  };
}
