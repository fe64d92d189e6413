import { timeFromJson, timeToJson } from '@prorata/schemas';
import type { Positions } from '../table/tableVersion.ts';
import type { LedgerAsked } from './ledger.ts';

/** What is known to an answer: the same question as of the same has the same answer for ever. */
export type AsOf = Pick<LedgerAsked, 'usage' | 'decidedBy' | 'at'>;

/** Sources and partitions that one text may name: it travels in a URL. */
const PLACES_MAX = 256;
const PLACE = /^([\w.-]{1,249}(?:\/[\w.-]{1,64})?\/\d{1,9})=(\d{1,19})$/;

/**
 * `2026-02-01T00:00:00Z`: what the log of usage and the log of events had by then. Or positions and a moment,
 * `usage.events/0=123,usage.events/1=456@2026-02-01T00:00:00Z`, as an answer says them: exactly what it knew.
 * @returns null when it is neither
 */
export function asOfText(text: string): AsOf | null {
  const at = timeFromJson(text);
  if (at !== null) return { usage: { positions: null, loggedBefore: at }, decidedBy: at, at };
  const sign = text.lastIndexOf('@');
  const moment = sign < 0 ? null : timeFromJson(text.slice(sign + 1));
  const places = text.slice(0, sign).split(',');
  if (moment === null || places.length > PLACES_MAX) return null;
  const positions = new Map<string, bigint>();
  for (const place of places.filter((each) => each !== '')) {
    const match = PLACE.exec(place);
    if (match === null) return null;
    positions.set(match[1] ?? '', BigInt(match[2] ?? ''));
  }
  return { usage: { positions, loggedBefore: null }, decidedBy: moment, at: moment };
}

/** Characters of positions in one text: proxies refuse addresses of more than 8 KB, and each import is a place more. */
const POSITIONS_LENGTH_MAX = 4_096;

/**
 * As `asOfText` takes it; where there are too many positions for a URL, the snapshot that has them, as
 * `snapshotAsOf` takes it: the same answer while that snapshot is kept.
 */
export function textAsOf(positions: Positions, at: bigint, snapshotId: bigint | null): string {
  const places = [...positions].map(([place, nextOffset]) => `${place}=${nextOffset}`).sort();
  const text = places.join(',');
  const isLong = text.length > POSITIONS_LENGTH_MAX || places.length > PLACES_MAX;
  const known = isLong && snapshotId !== null ? `snapshot:${snapshotId}` : text;
  return `${known}@${timeToJson(at)}`;
}

const SNAPSHOT = /^snapshot:(\d{1,19})(?:@([^@]{1,40}))?$/;

/** `snapshot:<id>`, or with the moment that an answer says. `at` null: it says none. @returns null when it is neither */
export function snapshotAsOf(text: string): { snapshotId: bigint; at: bigint | null } | null {
  const [, id, moment] = SNAPSHOT.exec(text) ?? [];
  if (id === undefined) return null;
  const at = moment === undefined ? null : timeFromJson(moment);
  return moment !== undefined && at === null ? null : { snapshotId: BigInt(id), at };
}
