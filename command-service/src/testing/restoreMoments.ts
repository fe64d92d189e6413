import { dueTimes } from '@prorata/quota-model';
import type { CommandOutcome } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { encoder } from '../writer/outRecords.ts';
import type { PartitionState } from '../writer/partitionState.ts';
import { commandKey } from '../writer/recentCommands.ts';
import { restorePartition } from '../writer/restorePartition.ts';
import { headText } from './logWitness.ts';
import { recordedLog } from './recordedLog.ts';
import type { RecordedPartition } from './recordedLog.ts';
import { topics } from './writerSimulation.ts';
import type { WriterSimulation } from './writerSimulation.ts';

/** One partition as the log gives it at one moment. */
export interface Moment {
  readonly partition: number;
  readonly at: bigint;
  readonly prefixes: ReadonlyMap<string, RecordedPartition>;
  readonly streams: ReadonlyMap<string, string>;
  readonly nextCommand: bigint | null;
  readonly firsts: readonly CommandOutcome[];
  readonly earliestDue: bigint | null;
}

const read = [topics.events, topics.outcomes, topics.snapshots];

/** To be called when the witness is settled. */
export function rememberMoment(simulation: WriterSimulation, partition: number): Moment {
  const { heads, firsts, nextCommand, records } = simulation.witness.partition(partition);
  const prefix = (topic: string): [string, RecordedPartition] => {
    const end = simulation.log.logEnd({ topic, partition });
    return [topic, { end, records: [...(records.get(topic) ?? [])] }];
  };
  const dues = [...heads.values()].flatMap(({ state }) => dueTimes(state).map(({ at }) => at));
  return {
    partition,
    at: simulation.now,
    prefixes: new Map(read.map(prefix)),
    streams: new Map([...heads].map(([stream, head]) => [stream, headText(head)])),
    nextCommand: nextCommand === 0n ? null : nextCommand,
    firsts: [...firsts.values()].map(({ outcome }) => outcome),
    earliestDue: dues.reduce<bigint | null>(
      (least, at) => (least === null || at < least ? at : least),
      null,
    ),
  };
}

/**
 * Restores the moment from the prefix of the log that it had, and from a random part of its snapshots.
 * @param kept share of the snapshot records that are still there
 */
export async function restoreFaults(
  simulation: WriterSimulation,
  moment: Moment,
  kept: number,
): Promise<string[]> {
  const { partition, at } = moment;
  const left = prefixIn(moment, topics.snapshots).records.filter(() => simulation.random() < kept);
  const log = recordedLog(({ topic }) => {
    const prefix = prefixIn(moment, topic);
    return topic === topics.snapshots ? { ...prefix, records: left } : prefix;
  });
  const { codec } = simulation;
  const logger = createLogger('test', 'silent');
  const parts = { log, codec, topics, logger };
  const snapshots = new LogSnapshots({
    ...parts,
    encode: encoder(codec),
    everyEvents: 40,
    taken: () => undefined,
  });
  const point = await snapshots.restorePoint(partition, at);
  const state = await restorePartition(parts, partition, point, at);
  const from = point.eventsFrom === null ? 'the log alone' : `a snapshot at ${point.eventsFrom}`;
  return differences(state, moment).map(
    (what) => `partition ${partition} restored from ${from} differs in ${what}`,
  );
}

function prefixIn({ prefixes }: Moment, topic: string): RecordedPartition {
  return prefixes.get(topic) ?? { records: [], end: 0n };
}

function differences(state: PartitionState, moment: Moment): string[] {
  const found: string[] = [];
  const streams = new Map([...state.streams].map(([stream, head]) => [stream, headText(head)]));
  for (const stream of new Set([...streams.keys(), ...moment.streams.keys()]))
    if (streams.get(stream) !== moment.streams.get(stream)) found.push(stream);
  if (state.nextCommand !== moment.nextCommand)
    found.push(`the next command, ${state.nextCommand} for ${moment.nextCommand}`);
  if (state.due.earliest() !== moment.earliestDue) found.push('what is due next');
  if (state.recent.size !== moment.firsts.length) found.push('the commands that it remembers');
  for (const { actor, stream, commandId, commandOffset } of moment.firsts) {
    if (actor === null) continue;
    const first = state.recent.find(commandKey(actor, stream, commandId), moment.at);
    if (first?.commandOffset !== commandOffset) found.push(`the first outcome of ${commandId}`);
  }
  return found;
}
