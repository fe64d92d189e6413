import { decimalOf, wholeProduct } from './amountText.ts';

/** What numbers count since 1970. */
export const timeUnits = ['s', 'ms', 'us'] as const;
export type TimeUnit = (typeof timeUnits)[number];

const MICROS: Readonly<Record<TimeUnit, bigint>> = { s: 1_000_000n, ms: 1_000n, us: 1n };

/** RFC 3339, and how databases print it: a blank for the T, a zone of hours alone, none at all. */
const MOMENT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * Microseconds since the epoch, what is finer cut off. A time without a zone is UTC.
 * @param unit of plain numbers; null: a plain number is no time
 * @returns null when it is no time
 */
export function microsOf(text: string, unit: TimeUnit | null): bigint | null {
  const number = unit === null ? null : decimalOf(text);
  if (number !== null && unit !== null) {
    return wholeProduct(number, { units: MICROS[unit], places: 0 });
  }
  const match = MOMENT.exec(text.trim());
  if (match === null) return null;
  const [, date = '', clock = '00:00:00', fraction = '', zone = 'Z'] = match;
  const parsed = Date.parse(`${date}T${clock}${zoneOf(zone)}`);
  if (Number.isNaN(parsed)) return null;
  return BigInt(parsed) * 1_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

function zoneOf(zone: string): string {
  if (zone.toUpperCase() === 'Z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

const LENGTH = /^(\d{1,9})(s|m|h|d)$/;
const LENGTH_MICROS: Readonly<Record<string, bigint>> = {
  s: 1_000_000n,
  m: 60_000_000n,
  h: 3_600_000_000n,
  d: 86_400_000_000n,
};

/** `5m`, `1h`, `1d`, in microseconds; null: it is none, or nothing long. */
export function lengthOf(text: string): bigint | null {
  const [, count = '0', unit = ''] = LENGTH.exec(text) ?? [];
  const micros = BigInt(count) * (LENGTH_MICROS[unit] ?? 0n);
  return micros === 0n ? null : micros;
}
