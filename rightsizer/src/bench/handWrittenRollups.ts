import path from 'node:path';
import { sqlText } from '../table/usageDatabase.ts';

const fileOf = (root: string, name: string): string =>
  sqlText(path.join(root, `peer-${name}.parquet`));

/**
 * What a person would write by hand over one sorted file: the same minutes, hours, days and payers' hours, made once
 * and all at once, with DuckDB's own quantiles. Windows count whole in the minute in which they start.
 */
export function peerStatements(source: string, root: string): string[] {
  const copy = (sql: string, name: string): string =>
    `COPY (${sql}) TO ${fileOf(root, name)} (FORMAT parquet, COMPRESSION zstd)`;
  const longer = (length: string): string => `
    SELECT quota_id, resource, zone, date_trunc('${length}', minute) AS ${length}, sum(used) AS used,
      sum(refused) AS refused, sum(queued) AS queued, max(peak) AS peak, max(host_demand) AS host_max,
      max(used + refused) AS fleet_max,
      approx_quantile(host_demand, [0.5, 0.95, 0.99]) AS host_quantiles,
      approx_quantile(used + refused, [0.5, 0.95, 0.99]) AS fleet_quantiles
    FROM read_parquet(${fileOf(root, 'minutes')})
    GROUP BY GROUPING SETS ((quota_id, resource, zone, ${length}), (quota_id, resource, ${length}))
    ORDER BY quota_id, resource, ${length}`;
  return [
    copy(
      `SELECT quota_id, resource, zone, minute, sum(used) AS used, sum(refused) AS refused,
        sum(queued) AS queued, sum(trial_refused) AS trial_refused, max(peak) AS peak, count(*) AS hosts,
        max(used + refused) AS host_demand
      FROM (
        SELECT quota_id, resource, zone, host_id, date_trunc('minute', window_start) AS minute,
          sum(used) AS used, sum(refused) AS refused, sum(queued) AS queued,
          sum(trial_refused) AS trial_refused, max(peak) AS peak
        FROM ${source} GROUP BY ALL
      ) GROUP BY ALL ORDER BY quota_id, resource, minute, zone`,
      'minutes',
    ),
    copy(longer('hour'), 'hours'),
    copy(longer('day'), 'days'),
    copy(
      `SELECT project, quota_id, resource, date_trunc('hour', window_start) AS hour, sum(used) AS used,
        sum(refused) AS refused, max(peak) AS peak, min(window_start) AS reported_from, max(window_end) AS reported_until
      FROM ${source} GROUP BY ALL ORDER BY project, quota_id, resource, hour`,
      'payers',
    ),
  ];
}

/** From its own minutes: quantiles do not add up. */
export function peerPercentilesSql(
  root: string,
  quotaIds: readonly string[],
  quantiles: readonly number[],
): string {
  return `
    SELECT quota_id, resource, quantile_disc(demand, [${quantiles.join(', ')}])
    FROM (
      SELECT quota_id, resource, minute, max(host_demand) AS demand
      FROM read_parquet(${fileOf(root, 'minutes')})
      WHERE quota_id IN (${quotaIds.map(sqlText).join(', ')}) GROUP BY ALL
    ) GROUP BY ALL ORDER BY ALL`;
}
