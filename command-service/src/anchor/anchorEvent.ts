import { anchorStreamOf } from '@prorata/quota-model';
import { anchorSignedBytes, hashOf } from '@prorata/schemas';
import type { Actor, HeadsAnchored } from '@prorata/schemas';
import { decisionTime } from '../writer/partitionState.ts';
import type { PartitionState } from '../writer/partitionState.ts';
import { stampEvents } from '../writer/stampEvents.ts';
import type { StampedEvent } from '../writer/stampEvents.ts';

/** Heads that one anchor names: some 120 kB, so that commands find room in its batch. */
export const ANCHORED_HEADS_MAX = 1_000;
/** So many events are anchored at once, whatever the interval: what a burst leaves open is bounded, too. */
export const UNANCHORED_EVENTS_MAX = 10_000;

export const ANCHOR_TIMER = 'anchor';

/** Nobody else acts by itself: no token of any issuer can claim it, since an issuer is an address. */
const WRITER: Actor = { kind: 'service', issuer: 'prorata', subject: 'writer' };

export interface AnchorParts {
  /** Between two anchors of a partition in which something happens, microseconds. */
  readonly everyMicros: bigint;
  readonly keyId: string;
  /** Ed25519. */
  readonly sign: (bytes: Buffer) => Buffer;
}

/** When the partition's next anchor is due; null: everything is anchored. */
export function anchorDueAt(
  state: PartitionState,
  partition: number,
  everyMicros: bigint,
): bigint | null {
  const { unanchored } = state.toAnchor;
  if (unanchored.size === 0) return null;
  const head = state.streams.get(anchorStreamOf(partition));
  if (head === undefined) return 0n;
  const isMuch =
    unanchored.size >= ANCHORED_HEADS_MAX ||
    unanchoredEvents(state, partition) >= UNANCHORED_EVENTS_MAX;
  return isMuch ? 0n : head.decidedAt + everyMicros;
}

/** Events of the partition that no anchor covers yet. */
export function unanchoredEvents(state: PartitionState, partition: number): number {
  const last = state.streams.get(anchorStreamOf(partition))?.state;
  return state.toAnchor.events - (last?.kind === 'anchor' ? Number(last.events) : 0);
}

/** The anchor of all that the state holds; nothing has changed yet. */
export function anchorEvent(
  state: PartitionState,
  partition: number,
  now: bigint,
  { keyId, sign }: AnchorParts,
): StampedEvent {
  const stream = anchorStreamOf(partition);
  const head = state.streams.get(stream) ?? null;
  const cause = {
    kind: 'timer',
    timer: ANCHOR_TIMER,
    actor: WRITER,
    reason: 'the heads of all streams of the partition',
  } as const;
  const data = {
    ...state.toAnchor.root(state.streams),
    events: BigInt(state.toAnchor.events),
    heads: headsToName(state),
    keyId,
    signature: Buffer.alloc(0),
  };
  const draft = { type: 'HeadsAnchored', data, quotaId: null, quotaVersion: null } as const;
  const [unsigned] = stampEvents(stream, [draft], cause, decisionTime(head, now), head);
  if (unsigned?.message.type !== 'HeadsAnchored') throw new TypeError('One draft is one event.');
  const value: HeadsAnchored = unsigned.message.value;
  const message = {
    type: 'HeadsAnchored',
    value: { ...value, signature: sign(anchorSignedBytes(value)) },
  } as const;
  return { message, hash: hashOf(message) };
}

function headsToName({ streams, toAnchor }: PartitionState): HeadsAnchored['heads'] {
  const heads: HeadsAnchored['heads'][number][] = [];
  for (const stream of toAnchor.unanchored) {
    const head = streams.get(stream);
    if (head === undefined) throw new RangeError(`There is no head of ${stream}.`);
    heads.push({ stream, streamVersion: head.version, hash: head.hash });
    if (heads.length === ANCHORED_HEADS_MAX) break;
  }
  return heads;
}
