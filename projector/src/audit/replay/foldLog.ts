import { fullNameOf } from '@prorata/schemas';
import type { Codec, EventMessage, Message } from '@prorata/schemas';
import type { AuditSource } from '../auditSource.ts';
import { FoldedTree } from './foldedTree.ts';

export interface FoldOptions {
  readonly codec: Codec;
  /** Microseconds: events that were decided later are left out; null: none is. */
  readonly until: bigint | null;
  /** By stream: the version up to which it is folded; a stream without one is left out. */
  readonly upTo: ReadonlyMap<string, bigint>;
}

export interface Folded {
  readonly events: number;
  readonly trees: ReadonlyMap<string, FoldedTree>;
  /** By stream: the version of its last event that is not later, whether it was folded or not. */
  readonly ends: ReadonlyMap<string, bigint>;
}

/** Every application as the log makes it. @throws where an event cannot be read or does not follow */
export async function foldLog(
  source: AuditSource,
  { codec, until, upTo }: FoldOptions,
): Promise<Folded> {
  const trees = new Map<string, FoldedTree>();
  const ends = new Map<string, bigint>();
  let events = 0;
  await source.read('quota.events', null, async ({ value, partition, offset }) => {
    if (value === null) throw new Error(`quota.events[${partition}] ${offset} is empty.`);
    const message = await codec.decode(value);
    if (!isEvent(message)) throw new Error(`A ${message.type} stands among the events.`);
    const { stream, streamVersion, decidedAt } = message.value.envelope;
    if (!stream.startsWith('application:') || (until !== null && decidedAt > until)) return;
    ends.set(stream, streamVersion);
    if (streamVersion > (upTo.get(stream) ?? 0n)) return;
    const tree = trees.get(stream) ?? new FoldedTree(stream);
    trees.set(stream, tree);
    tree.add(message);
    events += 1;
  });
  return { events, trees, ends };
}

function isEvent(message: Message): message is EventMessage {
  return fullNameOf[message.type].startsWith('io.prorata.event.');
}
