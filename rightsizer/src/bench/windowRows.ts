import { productionPolicy } from '../policy.ts';
import {
  DAY_MICROS,
  HOUR_MICROS,
  MINUTE_MICROS,
  STEP_MICROS,
  timeSql,
} from '../rollups/rollupSql.ts';
import type { Span } from '../rollups/cellPlan.ts';
import { sqlText } from '../table/usageDatabase.ts';

/** Whole days; a part of another follows, which the newest steps lie in. */
export const DAYS = 14;
export const FIRST_DAY = 20_000n * DAY_MICROS;
/** Of the last day so much has passed: its hours but the last are put together, and the newest are cells of minutes. */
const PASSED_MICROS = 12n * HOUR_MICROS + 15n * MINUTE_MICROS;
/** The end of what is known, settled a minute ago. */
export const NOW = FIRST_DAY + BigInt(DAYS) * DAY_MICROS + PASSED_MICROS + MINUTE_MICROS;
/** The newest hours of which minutes are looked at, for the newest steps: as many as some class asks for. */
const MINUTE_HOURS = BigInt(
  Math.max(
    ...Object.values(productionPolicy.rightsizer.sizing).map(({ newestSlots }) => newestSlots),
  ),
);
const CELL_MICROS = STEP_MICROS;
const WINDOWS_A_DAY = Number(DAY_MICROS / STEP_MICROS);
/** Limits whose windows are held at once by who sorts them. */
const LIMITS_AT_ONCE = 5_000;

export const quotaAt = (at: number): string => `llm/quota-${String(at).padStart(6, '0')}`;
/** Tokens a second. */
export const usualAt = (at: number): number => 100 + (at % 900);

const dayStart = (day: number): bigint => FIRST_DAY + BigInt(day) * DAY_MICROS;

/** SQL: one host's windows of five minutes of the first day, by limit and time: a curve, noise, now and then refusals. */
export function windowsSql(limits: number): string {
  return `
    SELECT 'llm/quota-' || lpad(quota::VARCHAR, 6, '0') AS quota_id, 'tokens' AS resource,
      make_timestamptz(${FIRST_DAY} + nth * ${STEP_MICROS}) AS window_start, used,
      CASE WHEN (quota + nth) % 5003 = 0 THEN used // 10 ELSE 0 END AS refused, used // 250 AS peak
    FROM (
      SELECT quota, nth, ((100 + quota % 900) * 300 * (1 + 0.5 * sin(nth / 45.8) + (hash(n) % 100) / 400.0))::BIGINT AS used
      FROM (
        SELECT n, n // ${WINDOWS_A_DAY} AS quota, n % ${WINDOWS_A_DAY} AS nth
        FROM range(${limits * WINDOWS_A_DAY}) t(n)
      )
    )`;
}

/**
 * SQL: the windows of any day. All days are alike: four hundred million windows take longer to make than all that is
 * measured, and to read the same file again costs what reading another does.
 * @param first reads the first day's
 */
export function windowsOf(first: string, day: number): string {
  const until = timeSql(FIRST_DAY + (day < DAYS ? DAY_MICROS : PASSED_MICROS));
  return `(SELECT quota_id, resource, window_start + to_days(${day}) AS window_start, used, refused, peak
    FROM ${first} WHERE window_start < ${until})`;
}

export interface HourCell extends Span {
  readonly hasHours: boolean;
  readonly hasMinutes: boolean;
}

/** The cells that roll-ups have of a day by then. */
export function hourCells(day: number): HourCell[] {
  const from = dayStart(day);
  if (day < DAYS) return [{ from, to: from + DAY_MICROS, hasHours: true, hasMinutes: false }];
  const whole = PASSED_MICROS / HOUR_MICROS;
  const hours = Array.from({ length: Number(whole) }, (_, hour): HourCell => {
    const begin = from + BigInt(hour) * HOUR_MICROS;
    const hasMinutes = BigInt(hour) >= whole - MINUTE_HOURS;
    return { from: begin, to: begin + HOUR_MICROS, hasHours: true, hasMinutes };
  });
  const rest = (PASSED_MICROS % HOUR_MICROS) / CELL_MICROS;
  const cells = Array.from({ length: Number(rest) }, (_, cell): HourCell => {
    const begin = from + whole * HOUR_MICROS + BigInt(cell) * CELL_MICROS;
    return { from: begin, to: begin + CELL_MICROS, hasHours: false, hasMinutes: true };
  });
  return [...hours, ...cells];
}

const within = ({ from, to }: Span): string =>
  `window_start >= ${timeSql(from)} AND window_start < ${timeSql(to)}`;

/** SQL: minutes of windows, which are cut at their edges. */
export function minutesSql(windows: string, span: Span): string {
  const minutes = Number(STEP_MICROS / MINUTE_MICROS);
  return `
    SELECT 'llm' AS application, quota_id, resource, NULL::VARCHAR AS zone,
      window_start + to_minutes(nth) AS minute,
      ${['used', 'refused'].map((name) => `(${name} // ${minutes})::DECIMAL(38, 0) AS ${name}`).join(', ')},
      0::DECIMAL(38, 0) AS queued, 0::DECIMAL(38, 0) AS trial_refused, peak::DECIMAL(38, 0) AS peak,
      1 AS hosts, (used // ${minutes} + refused // ${minutes})::DECIMAL(38, 0) AS host_demand,
      (refused // ${minutes})::DECIMAL(38, 0) AS host_refused, 0::DECIMAL(38, 0) AS host_queued, peak AS host_peak
    FROM ${windows}, range(${minutes}) t(nth) WHERE ${within(span)}
    ORDER BY quota_id, resource, minute`;
}

/** SQL: what limits are sized by of the first day's hours; sums and sketches, which it does not look at, are left out. */
export function hoursSql(windows: string): string {
  // A window is a step, and of one host, so that all measures are the fleet's as well as the busiest host's.
  const ofSteps = { step: 'max(used + refused)', total: 'sum(used + refused)', top: 'max(peak)' };
  const measures = Object.entries({ ...ofSteps, at_once: 'max(peak + least(refused, peak))' });
  const columns = (['host', 'fleet'] as const).flatMap((demandOf) =>
    measures.map(([name, sql]) => `${sql}::DOUBLE AS ${demandOf}_${name}`),
  );
  return `
    SELECT 'llm' AS application, quota_id, resource, NULL::VARCHAR AS zone,
      make_timestamptz(epoch_us(window_start) // ${HOUR_MICROS} * ${HOUR_MICROS}) AS hour,
      ${columns.join(', ')}
    FROM ${windows} GROUP BY quota_id, resource, hour ORDER BY quota_id, resource, hour`;
}

/** SQL: the hours of a cell, from those of the first day. */
export function hoursOf(first: string, day: number, { from, to }: Span): string {
  const shift = BigInt(day) * DAY_MICROS;
  return `
    SELECT * REPLACE (hour + to_days(${day}) AS hour) FROM ${first}
    WHERE hour >= ${timeSql(from - shift)} AND hour < ${timeSql(to - shift)}`;
}

/** SQL: the highest window of each limit and hour, as one row that no reader has to wait for. */
export function scanSql(windows: string): string {
  return `
    SELECT count(*), max(highest) FROM (
      SELECT quota_id, resource, date_trunc('hour', window_start) AS hour, max(used + refused) AS highest
      FROM ${windows} GROUP BY ALL
    )`;
}

export function rangesOf(limits: number): (readonly [string, string])[] {
  return Array.from({ length: Math.ceil(limits / LIMITS_AT_ONCE) }, (_, at) => {
    const last = Math.min((at + 1) * LIMITS_AT_ONCE, limits) - 1;
    return [quotaAt(at * LIMITS_AT_ONCE), quotaAt(last)] as const;
  });
}

/** SQL: KRR's request for a processor, the 95th percentile of fourteen days (robusta-dev/krr, strategies/simple.py). */
export function krrSql(windows: string, [first, last]: readonly [string, string]): string {
  const since = timeSql(NOW - BigInt(DAYS) * DAY_MICROS);
  return `
    SELECT quota_id, resource, quantile_cont(used + refused, 0.95) AS request
    FROM ${windows}
    WHERE quota_id BETWEEN ${sqlText(first)} AND ${sqlText(last)} AND window_start >= ${since}
    GROUP BY ALL`;
}
