/**
 * States as one text: to compare them, and in the parts of a snapshot. JSON, with a tag for what JSON has no form for: `{"$n":"5"}` a bigint,
 * `{"$m":[[key, value]]}` a map, `{"$s":[…]}` a set. A key of an object that starts with `$` gets one
 * more `$`, so that a label of that name stays a label. Maps and sets are sorted: equal states have
 * equal text, in whatever order they came to be.
 */
import { byCodeUnit } from './ids.ts';
import { UnreadableState } from './faults.ts';
import type { ApplicationState, StreamState } from './model.ts';
import { derivedFields, emptyDerived, rebuildDerived } from './snapshot/derivedFields.ts';

/** Raised whenever the form of the state changes: snapshots of another version are ignored. */
export const MODEL_VERSION = 16;

export function stateToText(state: StreamState): string {
  return JSON.stringify(encode(withoutDerived(state)));
}

/** @throws UnreadableState */
export function stateFromText(text: string): StreamState {
  let state: unknown;
  try {
    state = decode(JSON.parse(text));
  } catch (error) {
    throw new UnreadableState('it is not of the form of a state', { cause: error });
  }
  if (!isState(state)) throw new UnreadableState('it holds no state');
  return state.kind === 'application' ? withDerived(state) : state;
}

/** What is made from the rest is left out: it would be most of the text, and could contradict it. */
function withoutDerived(state: StreamState): object {
  if (state.kind !== 'application') return state;
  return Object.fromEntries(Object.entries(state).filter(([field]) => !derivedFields.has(field)));
}

function withDerived(kept: ApplicationState): ApplicationState {
  const state = { ...kept, ...emptyDerived() };
  rebuildDerived(state);
  return state;
}

const kinds: ReadonlySet<unknown> = new Set<StreamState['kind']>([
  'anchor',
  'application',
  'organization',
  'pricebook',
  'tierpolicy',
]);

/** Snapshots are written by the writer alone and their hash is checked: the kind is check enough. */
export function isState(value: unknown): value is StreamState {
  return typeof value === 'object' && value !== null && 'kind' in value && kinds.has(value.kind);
}

/** A value in JSON, with tags for what JSON has no form for. */
export function encode(value: unknown): unknown {
  if (typeof value === 'bigint') return { $n: value.toString() };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(encode);
  if (value instanceof Map) {
    const entries = [...(value as Map<string, unknown>)].sort(([a], [b]) => byCodeUnit(a, b));
    return { $m: entries.map(([key, item]) => [key, encode(item)]) };
  }
  if (value instanceof Set) return { $s: [...(value as Set<string>)].sort(byCodeUnit) };
  const entries = Object.entries(value).sort(([a], [b]) => byCodeUnit(a, b));
  return Object.fromEntries(
    entries.map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, encode(item)]),
  );
}

/** What `encode` was given. */
export function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(decode);
  if ('$n' in value && typeof value.$n === 'string') return BigInt(value.$n);
  if ('$m' in value) {
    return new Map((value.$m as [string, unknown][]).map(([key, item]) => [key, decode(item)]));
  }
  if ('$s' in value) return new Set(value.$s as string[]);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.startsWith('$$') ? key.slice(1) : key,
      decode(item),
    ]),
  );
}
