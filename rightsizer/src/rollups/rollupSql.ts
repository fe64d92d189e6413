import { paidBySql } from '../table/payers.ts';
import type { Payers } from '../table/payers.ts';
import { sqlText } from '../table/usageDatabase.ts';
import type { DemandOf } from './rolledUsage.ts';
import { bucketSql } from './sketch.ts';

export const MINUTE_MICROS = 60_000_000n;
export const HOUR_MICROS = 60n * MINUTE_MICROS;
export const DAY_MICROS = 24n * HOUR_MICROS;
/** A step: what limits are sized by is the highest of each hour's. */
export const STEP_MICROS = 5n * MINUTE_MICROS;

/** Which rows of the table a query is about. */
export interface RowsWanted {
  /** SQL that stands for rows of the table, in a FROM. */
  readonly rows: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly quotaIds?: readonly string[];
  /** The first and the last of those wanted, in the order of code units. */
  readonly between?: readonly [string, string];
  readonly payers?: Payers;
}

/** Amounts that are multiplied by a part of a day in 64 bits: 2^26 × 86,400,000,000 is below 2^63. */
const SMALL_AMOUNT = 67_108_864;
const AMOUNTS = ['used', 'refused', 'queued', 'trial_refused'] as const;

const each = (form: (column: string) => string): string => AMOUNTS.map(form).join(', ');
const exact = (value: string, name = value): string => `${value}::DECIMAL(38, 0) AS ${name}`;
export const timeSql = (micros: bigint): string => `make_timestamptz(${micros})`;

/** SQL: what of a column fell between the window's start `s` and `until`, rounded down. */
function fallen(column: string, until: string): string {
  return `CASE WHEN ${column} = 0 THEN 0
    WHEN ${column} < ${SMALL_AMOUNT} THEN ${column} * (${until} - s) // (e - s)
    ELSE (${column}::HUGEINT * (${until} - s) // (e - s))::BIGINT END`;
}

function conditions({ from, to, quotaIds, between, payers }: Omit<RowsWanted, 'rows'>): string {
  return [
    `resource <> ''`,
    `window_start < ${timeSql(to)}`,
    ...(quotaIds === undefined ? [] : [quotasSql(quotaIds)]),
    ...(between === undefined ? [] : [betweenSql(between)]),
    ...(payers === undefined ? [] : [paidBySql(payers)]),
    `window_end > ${timeSql(from)}`,
  ].join(' AND ');
}

export function quotasSql(quotaIds: readonly string[]): string {
  return `quota_id IN (${quotaIds.map(sqlText).join(', ')})`;
}

export function betweenSql([first, last]: readonly [string, string]): string {
  return `quota_id BETWEEN ${sqlText(first)} AND ${sqlText(last)}`;
}

/**
 * The demand of each slot of time (a minute) by quota, resource and zone. A window that reaches over
 * several slots is cut at their edges by cumulative floors, so that its slices sum to it exactly.
 * A host that names two zones within a slot counts in the one whose name sorts last.
 * @param isLong some window may reach over more than two slots
 */
export function slotsSql(wanted: RowsWanted, slotMicros: bigint, isLong: boolean): string {
  const slot = slotMicros.toString();
  const base = `
    SELECT quota_id, resource, host_id, zone, peak, ${AMOUNTS.join(', ')},
      epoch_us(window_start) AS s, epoch_us(window_end) AS e,
      epoch_us(window_start) // ${slot} AS first_slot, (epoch_us(window_end) - 1) // ${slot} AS last_slot
    FROM ${wanted.rows} WHERE ${conditions(wanted)}`;
  // Most windows lie in one slot and the others in two: both ends are taken in one pass over the rows.
  const ends = `
    SELECT quota_id, resource, host_id, zone, peak,
      CASE WHEN is_end THEN last_slot ELSE first_slot END AS slot,
      ${each(
        (column) => `CASE WHEN first_slot = last_slot THEN ${column}
          WHEN is_end THEN ${column} - ${fallen(column, `last_slot * ${slot}`)}
          ELSE ${fallen(column, `(first_slot + 1) * ${slot}`)} END AS ${column}`,
      )}
    FROM (${base}), (VALUES (false), (true)) ends(is_end)
    WHERE NOT is_end OR last_slot > first_slot`;
  const middles = `
    SELECT quota_id, resource, host_id, zone, peak, slot,
      ${each(
        (column) =>
          `${fallen(column, `(slot + 1) * ${slot}`)} - (${fallen(column, `slot * ${slot}`)}) AS ${column}`,
      )}
    FROM (SELECT *, unnest(range(first_slot + 1, last_slot)) AS slot
      FROM (${base}) WHERE last_slot > first_slot + 1)`;
  return `
    SELECT quota_id, resource, zone, slot * ${slot} AS slot_start,
      ${each((column) => `sum(${column}) AS ${column}`)},
      sum(peak) AS peak, count(*) AS hosts, max(used + refused) AS host_demand,
      max(refused) AS host_refused, max(queued) AS host_queued, max(peak) AS host_peak
    FROM (
      SELECT quota_id, resource, host_id, slot, max(zone) AS zone, max(peak) AS peak,
        ${each((column) => `sum(${column}) AS ${column}`)}
      FROM (${isLong ? `${ends} UNION ALL ${middles}` : ends})
      WHERE slot * ${slot} >= ${wanted.from} AND slot * ${slot} < ${wanted.to}
      GROUP BY quota_id, resource, slot, host_id
    )
    GROUP BY quota_id, resource, zone, slot`;
}

/** Whether some window reaches over more than two slots: then slotsSql must be told. */
export function isLongSql(wanted: RowsWanted, slotMicros: bigint): string {
  const slot = slotMicros.toString();
  return `SELECT coalesce(max((epoch_us(window_end) - 1) // ${slot} - epoch_us(window_start) // ${slot}), 0) > 1 AS is_long
    FROM ${wanted.rows} WHERE ${conditions(wanted)}`;
}

/** The file form of minutes. */
export function minutesSql(wanted: RowsWanted, isLong: boolean): string {
  return `
    SELECT split_part(quota_id, '/', 1) AS application, quota_id, resource, zone,
      make_timestamptz(slot_start) AS minute, ${each((column) => exact(column))}, ${exact('peak')},
      hosts::INTEGER AS hosts, ${exact('host_demand')}, ${exact('host_refused')},
      ${exact('host_queued')}, host_peak
    FROM (${slotsSql(wanted, MINUTE_MICROS, isLong)})`;
}
export const MINUTES_ORDER = 'quota_id, resource, minute, zone NULLS FIRST';

/**
 * Steps of all hosts together, from minutes or whatever else divides a step. Of the busiest host each minute's
 * is summed: no less than what any one host saw.
 */
export function stepsSql(minutes: string, stepMicros: bigint): string {
  return `
    SELECT quota_id, resource, epoch_us(minute) // ${stepMicros} * ${stepMicros} AS step_start,
      sum(host_demand) AS host_demand, sum(fleet_demand) AS fleet_demand,
      sum(host_refused) AS host_refused, sum(fleet_refused) AS fleet_refused,
      sum(host_queued) AS host_queued, sum(fleet_queued) AS fleet_queued,
      max(host_peak) AS host_peak, max(fleet_peak) AS fleet_peak
    FROM (
      SELECT quota_id, resource, minute, max(host_demand) AS host_demand,
        sum(used + refused) AS fleet_demand, max(host_refused) AS host_refused,
        sum(refused) AS fleet_refused, max(host_queued) AS host_queued, sum(queued) AS fleet_queued,
        max(host_peak) AS host_peak, sum(peak) AS fleet_peak
      FROM ${minutes} GROUP BY quota_id, resource, minute
    )
    GROUP BY quota_id, resource, step_start`;
}

/** SQL: what was there at once in a step: of what was refused at most as much again as was there. */
export const atOnceSql = (demandOf: DemandOf): string =>
  `(${demandOf}_peak + least(${demandOf}_refused, ${demandOf}_peak))`;

/**
 * What is kept of the steps of an hour, or another slot, as the nearest doubles: exact up to 2^53. For the
 * busiest host and for the fleet: the highest step, the sum, the highest second or moment, and the most at once.
 */
export const stepMeasuresSql: Readonly<Record<StepMeasure, string>> = Object.fromEntries(
  (['host', 'fleet'] as const).flatMap((demandOf) => [
    [`${demandOf}_step`, `max(${demandOf}_demand)::DOUBLE`],
    [`${demandOf}_total`, `sum(${demandOf}_demand)::DOUBLE`],
    [`${demandOf}_top`, `max(${demandOf}_peak)::DOUBLE`],
    [`${demandOf}_at_once`, `max(${atOnceSql(demandOf)})::DOUBLE`],
  ]),
) as Record<StepMeasure, string>;
export type StepMeasure = `${DemandOf}_${'step' | 'total' | 'top' | 'at_once'}`;

/**
 * Hours or days from minutes. Here `zone` is null for all hosts together; a named zone has rows of its
 * own beside them, which say nothing of steps. The spreads are sketches of the minutes' demand: the fleet's,
 * and the busiest host's.
 * @param name `hour` or `day`
 */
export function longerSql(minutes: string, name: string, lengthMicros: bigint): string {
  const sums = each((column) => `sum(${column}) AS ${column}`);
  const startOf = (micros: string): string =>
    `make_timestamptz((${micros} // ${lengthMicros}) * ${lengthMicros}) AS ${name}`;
  const measures = Object.entries(stepMeasuresSql).map(([column, sql]) => `${sql} AS ${column}`);
  return `
    SELECT longer.*, ${Object.keys(stepMeasuresSql).join(', ')} FROM (
      SELECT split_part(quota_id, '/', 1) AS application, quota_id, resource, zone,
        ${startOf('epoch_us(minute)')},
        ${each((column) => exact(`sum(${column})`, column))}, max(peak) AS peak,
        max(hosts)::INTEGER AS hosts, count(*)::INTEGER AS minutes,
        ${exact('max(used + refused)', 'fleet_demand')}, ${exact('max(host_demand)', 'host_demand')},
        histogram(${bucketSql('(used + refused)')}) AS fleet_spread,
        histogram(${bucketSql('host_demand')}) AS host_spread
      FROM (
        SELECT quota_id, resource, NULL::VARCHAR AS zone, minute, ${sums}, max(host_peak) AS peak,
          sum(hosts) AS hosts, max(host_demand) AS host_demand
        FROM ${minutes} GROUP BY quota_id, resource, minute
        UNION ALL
        SELECT quota_id, resource, zone, minute, ${AMOUNTS.join(', ')}, host_peak, hosts, host_demand
        FROM ${minutes} WHERE zone IS NOT NULL
      )
      GROUP BY ALL
    ) longer LEFT JOIN (
      SELECT quota_id, resource, ${startOf('step_start')}, ${measures.join(', ')}
      FROM (${stepsSql(minutes, STEP_MICROS)}) GROUP BY ALL
    ) steps ON longer.zone IS NULL AND longer.quota_id = steps.quota_id
      AND longer.resource = steps.resource AND longer.${name} = steps.${name}`;
}
export const longerOrder = (name: string): string =>
  `quota_id, resource, ${name}, zone NULLS FIRST`;

/** What payers used, by the hour in which windows start: records count whole. */
export function payersSql({ rows, ...wanted }: RowsWanted): string {
  return `
    SELECT project, split_part(quota_id, '/', 1) AS application, quota_id, resource,
      make_timestamptz((epoch_us(window_start) // ${HOUR_MICROS}) * ${HOUR_MICROS}) AS hour,
      ${exact('sum(used)', 'used')}, ${exact('sum(refused)', 'refused')}, max(peak) AS peak,
      min(window_start) AS reported_from, max(window_end) AS reported_until,
      min(window_start) FILTER (used > 0) AS used_from, max(window_end) FILTER (used > 0) AS used_until
    FROM ${rows}
    WHERE ${conditions(wanted)} AND window_start >= ${timeSql(wanted.from)}
    GROUP BY ALL`;
}
export const PAYERS_ORDER = 'project NULLS FIRST, quota_id, resource, hour';

/** Rows of payersSql of parts of hours, put together. */
export function mergedPayersSql(payers: string): string {
  return `
    SELECT project, application, quota_id, resource, hour,
      ${exact('sum(used)', 'used')}, ${exact('sum(refused)', 'refused')}, max(peak) AS peak,
      min(reported_from) AS reported_from, max(reported_until) AS reported_until,
      min(used_from) AS used_from, max(used_until) AS used_until
    FROM ${payers} GROUP BY project, application, quota_id, resource, hour`;
}

/** When each quota's resource was first and last reported, and last used: of payers, or of rows of its own form. */
export function everSql(parts: string): string {
  return `
    SELECT application, quota_id, resource, min(reported_from) AS reported_from,
      max(reported_until) AS reported_until, max(used_until) AS used_until
    FROM ${parts} GROUP BY application, quota_id, resource`;
}
export const EVER_ORDER = 'quota_id, resource';
