import { decimalOf, picosOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { Difference } from './difference.ts';

/** Projects and resources that are summed up at once; beyond, a ledger is verified an organization at a time. */
const SUMS_MAX = 1_000_000;

/** By `<project> <application> <resource>`; the project of usage that nobody pays for is empty. */
export type UsedSums = ReadonlyMap<string, bigint>;

/** What a ledger came to. */
export interface LedgerFound {
  readonly priceBook: string;
  /** null: usage that nobody pays for. */
  readonly organization: string | null;
  readonly lines: number;
  /** A decimal. */
  readonly cost: string;
}

const keyOf = (project: string | null, application: string, resource: string): string =>
  `${project ?? ''} ${application} ${resource}`;

/** What each project used in all, by the table's rows and nothing else. */
export async function usedSums(usage: TableVersion): Promise<UsedSums> {
  return usage.scan(await usage.files(), async (rows, connection) => {
    const result = await connection.runAndReadAll(
      `SELECT project, application, resource, sum(used)::HUGEINT FROM ${rows}
       WHERE resource <> '' AND used > 0 GROUP BY ALL LIMIT ${SUMS_MAX + 1}`,
    );
    const sums = result.getRows() as [string | null, string, string, bigint][];
    if (sums.length > SUMS_MAX) throw new RangeError(`More than ${SUMS_MAX} sums of usage.`);
    return new Map(
      sums.map(([project, application, resource, used]) => [
        keyOf(project, application, resource),
        used,
      ]),
    );
  });
}

/** `acme/search llm tokens` is of acme; what nobody pays for is of null. */
export const organizationOfSum = (key: string): string | null =>
  key.startsWith(' ') ? null : key.slice(0, key.indexOf('/'));

/**
 * Reckons a ledger again, line by line: the units of all lines are those of the table, and each line's money is
 * its units times its price, but for the last place, into which a month's rounding falls.
 * @param expected of the organization whose lines these are
 */
export async function checkLedger(
  place: string,
  lines: AsyncIterable<ChargeLine>,
  expected: UsedSums,
): Promise<{ lines: number; cost: string; difference: Difference | null }> {
  const left = new Map(expected);
  const before = new Map<string, bigint>();
  let [count, picos] = [0, 0n];
  const off = (detail: string): { lines: number; cost: string; difference: Difference } => ({
    lines: count,
    cost: decimalOf(picos),
    difference: { code: 'LEDGER_OFF', place, offset: null, detail },
  });
  for await (const line of lines) {
    count += 1;
    picos += line.cost === null ? 0n : picosOf(line.cost);
    if (line.category !== 'usage') continue;
    const key = keyOf(line.project, line.application ?? '', line.resource ?? '');
    left.set(key, (left.get(key) ?? 0n) - line.used);
    // A correction is the difference of two reckonings, of which the line has only the newer one's price.
    const wrong = line.correction ? null : moneyFault(line, key, before);
    if (wrong !== null) return off(`line ${count}, ${key}: ${wrong}`);
  }
  for (const [key, rest] of left) {
    if (rest === 0n) continue;
    const has = (expected.get(key) ?? 0n) - rest;
    return off(`${key}: the lines have ${has} used, and the table ${expected.get(key) ?? 0n}`);
  }
  return { lines: count, cost: decimalOf(picos), difference: null };
}

/** null: it is right. */
function moneyFault(
  { price, cost, used, reserved, charged, billing }: ChargeLine,
  key: string,
  before: Map<string, bigint>,
): string | null {
  // Of a part of a day it is what the greater of both has grown by, which lies between them.
  const [least, most] =
    reserved === null || reserved > used ? [used, reserved ?? used] : [reserved, used];
  if (charged < least || charged > most) {
    return `${charged} are charged, of ${reserved === null ? used : `${used} used and ${reserved} reserved`}`;
  }
  if (price === null || cost === null) {
    return price === cost ? null : 'it has money without a price, or a price without money';
  }
  // Steps go by what the project has used in the month, whatever the price it had then.
  const place = `${billing.start} ${key}`;
  const reached = before.get(place) ?? 0n;
  if (!before.has(place) && before.size === SUMS_MAX) throw new RangeError('Too many sums.');
  before.set(place, reached + charged);
  const exact = moneyUpTo(price, reached + charged) - moneyUpTo(price, reached);
  const difference = picosOf(cost) * price.perUnits - exact;
  // The line's money is the difference of two rounded sums.
  const isNear = difference <= price.perUnits && -difference <= price.perUnits;
  return isNear ? null : `${charged} at ${price.amount} for ${price.perUnits} are not ${cost}`;
}

/** Picos times `perUnits` of the first so many units of a month. */
function moneyUpTo(price: Price, units: bigint): bigint {
  let money = 0n;
  let [from, amount] = [0n, picosOf(price.amount)];
  for (const step of price.steps) {
    if (step.fromUnits >= units) break;
    money += (step.fromUnits - from) * amount;
    from = step.fromUnits;
    amount = picosOf(step.amount);
  }
  return money + (units - from) * amount;
}
