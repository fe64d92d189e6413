/** What `information_schema.resource_groups` says, in the words of old servers and new ones. */
import { byCodeUnit } from '@prorata/quota-model';
import type { TidbPriority } from '@prorata/quota-model';
import { groupsText } from './groupsText.ts';
import type { BurstableOff } from './groupsText.ts';
import type { QueryLimit, ResourceGroup, RunawayAction } from './resourceGroup.ts';

/** A row, as the server writes it; null: it says nothing, as of a group in a mode of its own. */
export interface GroupRow {
  readonly name: string;
  readonly ruPerSec: string | null;
  readonly priority: string | null;
  readonly burstable: string | null;
  readonly queryLimit: string | null;
}

/** By which a server writes `UNLIMITED`, where it does not write the word. */
const UNLIMITED_FROM = 2n ** 31n - 1n;
const PRIORITIES: readonly string[] = ['LOW', 'MEDIUM', 'HIGH'] satisfies TidbPriority[];

/**
 * The rows as the text that would have made them; null: there are none. What no text of ours makes (a watch list, a
 * mode of its own) stands in a line that no text of ours has, so that the two are never taken for equal.
 */
export function textInForce(
  prefix: string,
  burstableOff: BurstableOff,
  rows: readonly GroupRow[],
): string | null {
  if (rows.length === 0) return null;
  const sorted = rows.toSorted((a, b) => byCodeUnit(a.name, b.name));
  const read = sorted.map((row) => ({ row, group: groupInForce(row) }));
  const foreign = read.filter(({ group }) => group === null).map(({ row }) => foreignLine(row));
  const groups = read.map(({ group }) => group).filter((group) => group !== null);
  return `${groupsText(prefix, burstableOff, groups)}${foreign.join('')}`;
}

function foreignLine({ name, ruPerSec, priority, burstable, queryLimit }: GroupRow): string {
  return `-- not Prorata's: ${JSON.stringify([name, ruPerSec, priority, burstable, queryLimit])}\n`;
}

/** null: none that a text of ours makes. */
export function groupInForce(row: GroupRow): ResourceGroup | null {
  const ruPerSec = rateIn(row.ruPerSec);
  const priority = row.priority?.toUpperCase() ?? '';
  const isBurstable = isBurstableIn(row.burstable);
  const queryLimit = queryLimitIn(row.queryLimit);
  if (ruPerSec === null || isBurstable === null || queryLimit === 'foreign') return null;
  if (!PRIORITIES.includes(priority)) return null;
  return {
    name: row.name,
    ruPerSec,
    priority: priority as TidbPriority,
    // Of an unlimited rate a server says that it is burstable, whatever it was told.
    isBurstable: ruPerSec !== 'unlimited' && isBurstable,
    queryLimit,
  };
}

function rateIn(text: string | null): bigint | 'unlimited' | null {
  if (text === null) return null;
  if (text.toUpperCase() === 'UNLIMITED') return 'unlimited';
  if (!/^[1-9]\d{0,19}$/.test(text)) return null;
  const rate = BigInt(text);
  return rate >= UNLIMITED_FROM ? 'unlimited' : rate;
}

/** `NO` and `YES` of older servers are `OFF` and `MODERATED` of newer ones; `UNLIMITED` is never what was meant. */
function isBurstableIn(text: string | null): boolean | null {
  const word = text?.toUpperCase() ?? '';
  if (word === 'NO' || word === 'OFF') return false;
  return word === 'YES' || word === 'MODERATED' ? true : null;
}

const QUERY =
  /^(?:EXEC_ELAPSED='([^']+)', )?(?:PROCESSED_KEYS=([1-9]\d*), )?(?:RU=([1-9]\d*), )?ACTION=(DRYRUN|COOLDOWN|KILL)$/i;

/** Such as one with a watch list is foreign. */
function queryLimitIn(text: string | null): QueryLimit | 'foreign' | null {
  if (text === null || text === '') return null;
  const [, elapsed, keys, units, action] = QUERY.exec(text) ?? [];
  if (action === undefined) return 'foreign';
  const elapsedMillis = elapsed === undefined ? null : millisIn(elapsed);
  if (elapsed !== undefined && elapsedMillis === null) return 'foreign';
  return {
    elapsedMillis,
    processedKeys: keys === undefined ? null : BigInt(keys),
    requestUnits: units === undefined ? null : BigInt(units),
    action: action.toUpperCase() as RunawayAction,
  };
}

const UNIT_MICROS: Readonly<Record<string, number>> = {
  h: 3_600_000_000,
  m: 60_000_000,
  s: 1_000_000,
  ms: 1_000,
  us: 1,
  µs: 1,
};

/** A duration as Go writes it: `1m0s`, `1.5s`, `250ms`; null: none, or of no whole milliseconds. */
function millisIn(text: string): bigint | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|µs|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return null;
  const micros = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_MICROS[unit ?? ''] ?? Number.NaN),
    0,
  );
  const millis = Math.round(micros) / 1_000;
  return Number.isSafeInteger(millis) ? BigInt(millis) : null;
}
