import { paidBySql } from '../table/payers.ts';
import type { Payers } from '../table/payers.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { bucketSql } from './sketch.ts';

export const MINUTE_MICROS = 60_000_000n;
export const HOUR_MICROS = 60n * MINUTE_MICROS;
export const DAY_MICROS = 24n * HOUR_MICROS;

/** Which rows of the table a query is about. */
export interface RowsWanted {
  /** SQL that stands for rows of the table, in a FROM. */
  readonly rows: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly quotaIds?: readonly string[];
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

function conditions({ from, to, quotaIds, payers }: Omit<RowsWanted, 'rows'>): string {
  return [
    `resource <> ''`,
    `window_start < ${timeSql(to)}`,
    ...(quotaIds === undefined ? [] : [quotasSql(quotaIds)]),
    ...(payers === undefined ? [] : [paidBySql(payers)]),
    `window_end > ${timeSql(from)}`,
  ].join(' AND ');
}

export function quotasSql(quotaIds: readonly string[]): string {
  return `quota_id IN (${quotaIds.map(sqlText).join(', ')})`;
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
 * Hours or days from minutes. Here `zone` is null for all hosts together; a named zone has rows of its
 * own beside them. The spreads are sketches of the minutes' demand: the fleet's, and the busiest host's.
 * @param name `hour` or `day`
 */
export function longerSql(minutes: string, name: string, lengthMicros: bigint): string {
  const sums = each((column) => `sum(${column}) AS ${column}`);
  return `
    SELECT split_part(quota_id, '/', 1) AS application, quota_id, resource, zone,
      make_timestamptz((epoch_us(minute) // ${lengthMicros}) * ${lengthMicros}) AS ${name},
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
    GROUP BY ALL`;
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
