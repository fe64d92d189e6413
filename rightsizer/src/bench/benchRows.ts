import { DAY_MICROS } from '../rollups/rollupSql.ts';

export const DAYS = 14;
export const FIRST_DAY = 20_000n * DAY_MICROS;
/** Hosts report every ten seconds, each from a moment of its own on; each quota is served by four of forty. */
const WINDOW_MICROS = 10_000_000;
const WINDOWS_A_DAY = 8_640;
const HOSTS_A_QUOTA = 4;
const HOSTS = 40;

function quotaCount(rows: number): number {
  return Math.max(1, Math.round(rows / (DAYS * WINDOWS_A_DAY * HOSTS_A_QUOTA)));
}

const nameSql = (number: string): string =>
  `'llm/team-' || lpad((${number} // 10)::VARCHAR, 4, '0') || '/quota-' || lpad(${number}::VARCHAR, 6, '0')`;

export function quotasOf(rows: number): string[] {
  const name = (at: number): string => {
    const team = String(Math.floor(at / 10)).padStart(4, '0');
    return `llm/team-${team}/quota-${String(at).padStart(6, '0')}`;
  };
  return Array.from({ length: quotaCount(rows) }, (_, at) => name(at));
}

/** SQL: rows in the order of their quota and time, as a compaction leaves them. */
export function rowsSql(rows: number, firstDay: number, days: number): string {
  const perQuota = days * WINDOWS_A_DAY * HOSTS_A_QUOTA;
  const first = Number(FIRST_DAY) + firstDay * Number(DAY_MICROS);
  return `
    SELECT 'bench' AS source, 0 AS source_partition,
      (${firstDay}::BIGINT * ${Number(FIRST_DAY)} + n) AS source_offset, host AS host_id, 'boot-1' AS boot_id,
      n AS "sequence", 'llm' AS application, quota_id, project,
      make_timestamptz(started) AS window_start, make_timestamptz(started + ${WINDOW_MICROS}) AS window_end,
      'tokens' AS resource, used, CASE WHEN used % 40 = 0 THEN used // 10 ELSE 0 END AS refused,
      0::BIGINT AS queued, used // 8 AS peak, zone, 0::BIGINT AS trial_refused
    FROM (
      SELECT n, ${nameSql('quota')} AS quota_id, 'acme/project-' || (quota % 50) AS project,
        'host-' || ((quota * ${HOSTS_A_QUOTA} + host) % ${HOSTS}) AS host,
        CASE WHEN host % 2 = 0 THEN 'zone-a' ELSE 'zone-b' END AS zone,
        ${first} + step * ${WINDOW_MICROS} + (quota * 7919 + host * 104729) % ${WINDOW_MICROS} AS started,
        (hash(n) % 1000 + 1000 * (1 + sin((step + quota) / 1375.0)))::BIGINT AS used
      FROM (
        SELECT n, n // ${perQuota} AS quota, (n % ${perQuota}) // ${HOSTS_A_QUOTA} AS step, n % ${HOSTS_A_QUOTA} AS host
        FROM range(${quotaCount(rows) * perQuota}) t(n)
      )
    )`;
}
