/**
 * A state as a sequence of JSON texts, for snapshots of states that are too large for one text. Equal
 * parts are written once and named by number afterwards, and are one object again when they are read:
 *
 *     ["state", fields]                    first: the state with empty maps and sets; all but the quotas
 *     ["m", field, key, value], ["s", field, key]        an entry of a map, of a set
 *     ["frame", content without limits], ["limit", limit], ["actor", actor], ["text", text]
 *                                          the next part of its kind, counted from 0
 *     ["q", id, version, frame, [limit…], actor, reason, command id, time, stream version, others]
 *
 * In a quota, a part is its number, or itself when its table was full. A bigint up to 2^53-1 is a
 * number, above that a text; everything else is as `stateToText` has it. What is made from the rest
 * (children, sums, indexes) is made again.
 */
import type { Actor, QuotaContent, ResourceLimit } from '@prorata/schemas';
import type { ApplicationState, Provenance, QuotaState, StreamState } from '../model.ts';
import { encode } from '../snapshot.ts';
import { derivedFields } from './derivedFields.ts';

/** Parts of one kind that are numbered: enough for what repeats, and bounded where nothing does. */
export const PARTS_MAX = 65_536;

/**
 * The entries one after the other; between two of them the state must not change.
 * The first entry costs no more for a large state than for a small one.
 * @param partsMax parts of one kind that are numbered
 */
export function* stateEntries(state: StreamState, partsMax = PARTS_MAX): Generator<string> {
  yield JSON.stringify(['state', emptied(state)]);
  for (const [field, value] of Object.entries(state)) {
    if (isMadeAgain(state, field)) continue;
    if (value instanceof Map) yield* mapEntries(field, value as Map<string, unknown>);
    else if (value instanceof Set) yield* setEntries(field, value as Set<string>);
  }
  if (state.kind === 'application') yield* quotaEntries(state, partsMax);
}

function isMadeAgain(state: StreamState, field: string): boolean {
  if (state.kind !== 'application') return false;
  return field === 'quotas' || field === 'children' || derivedFields.has(field);
}

function emptied(state: StreamState): unknown {
  const fields = Object.entries(state).filter(([field]) => !isMadeAgain(state, field));
  return encode(
    Object.fromEntries(
      fields.map(([field, value]) => {
        if (value instanceof Map) return [field, new Map()];
        return [field, value instanceof Set ? new Set() : (value as unknown)];
      }),
    ),
  );
}

function* mapEntries(field: string, map: ReadonlyMap<string, unknown>): Generator<string> {
  for (const [key, value] of map) yield JSON.stringify(['m', field, key, encode(value)]);
}

function* setEntries(field: string, set: ReadonlySet<string>): Generator<string> {
  for (const key of set) yield JSON.stringify(['s', field, key]);
}

type Part = number | string | object;

/** Numbers parts of one kind, equal ones alike; those that are the same object without a look at it. */
class NumberedParts {
  readonly #kind: string;
  readonly #max: number;
  readonly #numbers = new Map<string, number>();
  readonly #byIdentity = new Map<object, number>();

  constructor(kind: string, max: number) {
    this.#kind = kind;
    this.#max = max;
  }

  /** @param fresh takes the entry that names a new part */
  numberOf(part: object | string, fresh: string[]): Part {
    const known = typeof part === 'object' ? this.#byIdentity.get(part) : undefined;
    if (known !== undefined) return known;
    const encoded = encode(part) as object | string;
    const text = JSON.stringify(encoded);
    let number = this.#numbers.get(text);
    if (number === undefined) {
      if (this.#numbers.size >= this.#max) return encoded;
      number = this.#numbers.size;
      this.#numbers.set(text, number);
      fresh.push(JSON.stringify([this.#kind, encoded]));
    }
    if (typeof part === 'object' && this.#byIdentity.size < this.#max) {
      this.#byIdentity.set(part, number);
    }
    return number;
  }
}

function* quotaEntries(state: ApplicationState, partsMax: number): Generator<string> {
  const tables = {
    frame: new NumberedParts('frame', partsMax),
    limit: new NumberedParts('limit', partsMax),
    actor: new NumberedParts('actor', partsMax),
    text: new NumberedParts('text', partsMax),
  };
  const frames = new Map<QuotaContent, Part>();
  for (const quota of state.quotas.values()) {
    const fresh: string[] = [];
    const { quotaId, version, content, declared, ...others } = quota;
    const { actor, reason, commandId, at, streamVersion, approved, ...more } = declared;
    more satisfies Record<string, never>;
    let frame = frames.get(content);
    if (frame === undefined) {
      frame = tables.frame.numberOf(frameOf(content), fresh);
      if (frames.size < partsMax) frames.set(content, frame);
    }
    const entry = JSON.stringify([
      'q',
      quotaId,
      numberOrText(version),
      frame,
      content.limits.map((limit) => tables.limit.numberOf(limit, fresh)),
      tables.actor.numberOf(actor, fresh),
      tables.text.numberOf(reason, fresh),
      commandId,
      numberOrText(at),
      numberOrText(streamVersion),
      othersOf({ ...others, approved }),
    ]);
    yield* fresh;
    yield entry;
  }
}

function frameOf(content: QuotaContent): object {
  const { limits, ...frame } = content;
  // Named so that it is seen to be left out: each of them stands in the quota's entry.
  limits satisfies readonly ResourceLimit[];
  return frame;
}

/** What most quotas have not is left out; null: nothing is left. */
function othersOf(
  others: Omit<QuotaState, 'quotaId' | 'version' | 'content' | 'declared'> &
    Pick<Provenance, 'approved'>,
): unknown {
  const kept = Object.entries(others).filter(
    ([, value]) => value !== null && !(value instanceof Map && value.size === 0),
  );
  return kept.length === 0 ? null : encode(Object.fromEntries(kept));
}

function numberOrText(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** The fields of a quota's entry, in order, after its tag. */
export type QuotaEntry = readonly [
  tag: 'q',
  quotaId: string,
  version: number | string,
  frame: number | object,
  limits: readonly (number | object)[],
  actor: number | Actor,
  reason: number | string,
  commandId: Provenance['commandId'],
  at: number | string,
  streamVersion: number | string,
  others: object | null,
];
