import { ancestorsOf } from '@prorata/quota-model';
import type { Pool } from 'pg';
import type { Belongings, FeedEvent } from './feedEvent.ts';

interface Found {
  readonly n: number;
  readonly quota_id: string;
  readonly version: string;
  readonly owner: string;
  readonly project: string | null;
}

/** A quota's id at a version of its stream. */
interface Then {
  readonly id: string;
  readonly version: bigint;
}

/** Looks up whose the quotas of these events were before each, and are after it. One statement. */
export async function findBelongings(
  pool: Pick<Pool, 'query'>,
  events: readonly FeedEvent[],
): Promise<void> {
  const missing = events.filter(({ belongings }) => belongings === null);
  if (missing.length === 0) return;
  const asked = missing.flatMap((event, n) =>
    momentsOf(event).flatMap(({ id, version }) =>
      [id, ...ancestorsOf(id)].map((each) => ({ n, quota_id: each, version: `${version}` })),
    ),
  );
  const { rows } = await pool.query<Found>(FIND, [JSON.stringify(asked)]);
  const found = new Map(rows.map((row) => [`${row.n} ${row.quota_id} ${row.version}`, row]));
  missing.forEach((event, n) => {
    event.belongings = belongingsOf(event, (id, version) => found.get(`${n} ${id} ${version}`));
  });
}

/** Of each the span that had begun last, if it had not ended, however many there are. */
const FIND =
  'SELECT e.n, e.quota_id, e.version, ' +
  `h.record -> 'content' ->> 'owner' AS owner, h.record -> 'content' ->> 'project' AS project ` +
  'FROM jsonb_to_recordset($1::jsonb) AS e (n integer, quota_id text, version bigint) ' +
  'CROSS JOIN LATERAL (SELECT until, record FROM quota_history AS h WHERE h.quota_id = e.quota_id ' +
  'AND h.since <= e.version ORDER BY h.since DESC LIMIT 1) AS h ' +
  'WHERE h.until IS NULL OR h.until > e.version';

function momentsOf({ quotaId, movedTo, streamVersion }: FeedEvent): readonly Then[] {
  if (quotaId === null) return [];
  return [
    { id: quotaId, version: streamVersion - 1n },
    { id: movedTo ?? quotaId, version: streamVersion },
  ];
}

function belongingsOf(
  event: FeedEvent,
  find: (id: string, version: bigint) => Found | undefined,
): Belongings {
  const [owners, projects] = [new Set<string>(), new Set<string>()];
  for (const { id, version } of momentsOf(event)) {
    const own = find(id, version);
    if (own === undefined) continue;
    owners.add(own.owner);
    const [project] = [id, ...ancestorsOf(id)].flatMap(
      (each) => find(each, version)?.project ?? [],
    );
    if (project !== undefined) projects.add(project);
  }
  return { owners, projects };
}
