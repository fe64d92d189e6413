import { timeFromJson, timeToJson } from '@prorata/schemas';
import type { Condition } from '../routes/filters.ts';
import type { Parameters } from '../routes/parameters.ts';

/** What `asOf` names: a time, which is every decision up to it, or a version of the application's stream. */
export type Moment =
  | { readonly kind: 'time'; readonly micros: bigint }
  | { readonly kind: 'version'; readonly version: bigint };

/** Clocks of callers run ahead by as much, microseconds: what lies further in the future is no past moment. */
const AHEAD_MICROS_MAX = 10_000_000n;
const VERSION = /^\d{1,18}$/;

/** null: none was asked for, or none that is understood, which is reported. */
export function momentIn(
  parameters: Parameters,
  name: string,
  nowMs: number = Date.now(),
): Moment | null {
  const text = parameters.text(name);
  if (text === null) return null;
  if (VERSION.test(text)) return { kind: 'version', version: BigInt(text) };
  const micros = timeFromJson(text);
  if (micros === null) {
    parameters.report(name, "must be an RFC 3339 time, or a version of the application's stream");
    return null;
  }
  if (micros > BigInt(nowMs) * 1000n + AHEAD_MICROS_MAX) {
    parameters.report(name, 'lies in the future');
    return null;
  }
  return { kind: 'time', micros };
}

/** As the parameter says it. */
export function momentText(moment: Moment): string {
  return moment.kind === 'version' ? moment.version.toString() : timeToJson(moment.micros);
}

/** Of rows that only begin those that had begun then. */
export function begunBy(moment: Moment): Condition {
  if (moment.kind === 'version') return { sql: 'since <= ?', values: [moment.version] };
  return { sql: 'since_time <= ?', values: [timeToJson(moment.micros)] };
}
