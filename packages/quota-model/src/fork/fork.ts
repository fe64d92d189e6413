/**
 * Forks of a state: what `evolve` makes of a fork leaves the state it was forked from as it is. Each map
 * and set of the state is overlaid, so that a fork costs the same however large the state is, and an
 * event on it what it touches. Records in maps are replaced whole by `evolve`, so they need no copy;
 * a set within a map must be asked for with `writableSet`.
 */
import type { StreamState } from '../model.ts';
import { OverlayMap } from './overlayMap.ts';
import { OverlaySet } from './overlaySet.ts';

/** A state that reads through to `state`, which must not change while the fork is in use. */
export function fork<S extends StreamState>(state: S): S {
  const fields = Object.entries(state).map(([name, value]) => [name, overlaid(value)] as const);
  return Object.fromEntries(fields) as unknown as S;
}

/**
 * Takes what happened on the fork over into the state it was forked from, in O(what was touched).
 * Neither the fork nor forks of it may be used afterwards.
 *
 * @returns the state as it is from now on: `state` itself, changed in place
 * @throws TypeError when `forked` is no fork of `state`
 */
export function foldBack<S extends StreamState>(state: S, forked: S): S {
  const fields = state as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(forked)) fields[name] = folded(fields[name], value);
  return state;
}

function overlaid(value: unknown): unknown {
  if (value instanceof Map) return new OverlayMap(value as Map<unknown, unknown>);
  return value instanceof Set ? new OverlaySet(value as Set<unknown>) : value;
}

function folded(base: unknown, value: unknown): unknown {
  if (value instanceof OverlayMap && base instanceof Map) {
    requireBase(value.base === base);
    for (const key of [...value.touchedKeys()]) {
      const set: unknown = value.get(key);
      if (set instanceof OverlaySet) value.set(key, foldedSet(base, key, set));
    }
    value.foldInto(base);
    return base;
  }
  if (value instanceof OverlaySet && base instanceof Set) {
    requireBase(value.base === base);
    value.foldInto(base);
    return base;
  }
  requireBase(!(base instanceof Map || base instanceof Set));
  return value;
}

function requireBase(isBase: boolean): void {
  if (!isBase) throw new TypeError('This is no fork of that state.');
}

/** The set that stands in the base map afterwards; one that has left the base meanwhile is copied out. */
function foldedSet(
  base: Map<unknown, unknown>,
  key: unknown,
  overlay: OverlaySet<unknown>,
): Set<unknown> {
  if (base.get(key) !== overlay.base) return new Set(overlay);
  const own = writableSet(base as Map<unknown, Set<unknown>>, key) ?? new Set();
  overlay.foldInto(own);
  return own;
}

/** The set under a key, safe to change: in a fork, over the set of the state below, never that set itself. */
export function writableSet<K, T>(map: Map<K, Set<T>>, key: K): Set<T> | undefined {
  const set = map.get(key);
  if (set === undefined || !(map instanceof OverlayMap) || map.base.get(key) !== set) return set;
  const own = new OverlaySet<T>(set);
  map.set(key, own);
  return own;
}
