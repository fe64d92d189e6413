import type { ClientBase } from 'pg';
import { LOCK_TIMEOUT_MS } from '../generations/inTransaction.ts';
import type { Generation } from '../generations/generation.ts';
import { auditorViews, VIEWS_VERSION } from './auditorViews.ts';
import type { AuditorView } from './auditorView.ts';
import { viewStatement, VIEWS_SCHEMA } from './viewStatement.ts';

/**
 * How long a view is waited for that an auditor reads just now, milliseconds: those who come meanwhile wait as long.
 * Who does not get it tries again later; the copy that the views stand on is kept and fed until then.
 */
const VIEW_WAIT_MS = 50;
const VIEWS_ROLE = 'prorata_auditor';

type Client = Pick<ClientBase, 'query'>;

/** Which copy the views of a projection stand on, and whose definitions they have. */
interface Published {
  readonly generation: number;
  readonly views_version: number;
}

export async function publishedOf(client: Client, projection: string): Promise<Published | null> {
  const { rows } = await client.query<Published>(
    'SELECT generation, views_version FROM projector.published_views WHERE projection = $1',
    [projection],
  );
  return rows[0] ?? null;
}

/** Whether there is nothing to do for `publishViews`, without a lock. */
export async function areViewsOn(
  client: Client,
  { projection, generation }: Pick<Generation, 'projection' | 'generation'>,
): Promise<boolean> {
  const published = await publishedOf(client, projection);
  if (published?.generation !== generation || published.views_version < VIEWS_VERSION) return false;
  return published.views_version > VIEWS_VERSION || areOpen(client, viewsOf(projection));
}

/**
 * Has the views of a projection stand on a copy, all of them or none, in the caller's transaction, which holds the
 * lock of those who change copies. What newer code has defined is left to it. After a failure the transaction can go on.
 * @param force newer code has had its time: what it defined and this code does not know goes
 * @returns whether they stand on the copy now; false: somebody reads one, or newer code is to do it
 * @throws what the database says of a view
 */
export async function publishViews(
  client: Client,
  { projection, generation }: Pick<Generation, 'projection' | 'generation'>,
  { force = false }: { readonly force?: boolean } = {},
): Promise<boolean> {
  const copy = { projection, generation };
  // Before the first look: an error of that one, too, must leave a transaction that commits what its owner has done.
  await client.query('SAVEPOINT publish');
  try {
    if (await areViewsOn(client, copy)) return true;
    const published = await publishedOf(client, projection);
    const isNewer = (published?.views_version ?? 0) > VIEWS_VERSION;
    if (isNewer && !force) return false;
    const views = viewsOf(projection);
    await client.query(`SET LOCAL lock_timeout = ${VIEW_WAIT_MS}`);
    for (const view of views) await define(client, view, copy);
    await open(client, views);
    await client.query(
      `INSERT INTO projector.published_views VALUES ($1, $2, $3) ON CONFLICT (projection)
       DO UPDATE SET generation = excluded.generation, views_version = excluded.views_version`,
      [projection, generation, VIEWS_VERSION],
    );
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return true;
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT publish');
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

const LOCK_NOT_AVAILABLE = '55P03';
const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

const INVALID_TABLE_DEFINITION = '42P16';

/**
 * In place of what stands there, so that what others have built on it stays. Where its columns are others (newer code
 * made it, or a table's column sorts otherwise now) it is dropped and made, with the grants that it had.
 * @throws what the database says, also where something was built on a view that would have to be dropped
 */
async function define(
  client: Client,
  view: AuditorView,
  copy: Pick<Generation, 'projection' | 'generation'>,
): Promise<void> {
  await client.query('SAVEPOINT define');
  try {
    await client.query(viewStatement('CREATE OR REPLACE', view, copy));
  } catch (error) {
    if (codeOf(error) !== INVALID_TABLE_DEFINITION) throw error;
    await client.query('ROLLBACK TO SAVEPOINT define');
    const readers = await readersOf(client, view);
    await client.query(`DROP VIEW ${nameOf(view)}`);
    await client.query(viewStatement('CREATE', view, copy));
    for (const reader of readers) {
      await client.query(`GRANT SELECT ON ${nameOf(view)} TO ${reader}`);
    }
  }
}

/** Whom somebody has let read a view, quoted where it must be. */
async function readersOf(client: Client, view: AuditorView): Promise<readonly string[]> {
  const { rows } = await client.query<{ reader: string }>(
    `SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS reader
     FROM pg_class AS c, aclexplode(c.relacl) AS a
     WHERE c.oid = $1::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner`,
    [nameOf(view)],
  );
  return rows.map(({ reader }) => reader);
}

const nameOf = ({ name }: AuditorView): string => `${VIEWS_SCHEMA}."${name}"`;

const viewsOf = (projection: string): readonly AuditorView[] =>
  auditorViews.filter((view) => view.projection === projection);

/** Whether all are there, and open to auditors where these have their role. */
async function areOpen(client: Client, views: readonly AuditorView[]): Promise<boolean> {
  const { rows } = await client.query<{ open: number }>(
    `SELECT count(*)::int AS open FROM pg_class AS c
     WHERE c.relnamespace = '${VIEWS_SCHEMA}'::regnamespace AND c.relkind = 'v' AND c.relname = ANY ($1)
       AND NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = '${VIEWS_ROLE}'
                       AND NOT has_table_privilege(r.oid, c.oid, 'SELECT'))`,
    [views.map(({ name }) => name)],
  );
  return rows[0]?.open === views.length;
}

async function open(client: Client, views: readonly AuditorView[]): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [VIEWS_ROLE]);
  if (rowCount === 0) return;
  const names = views.map(nameOf).join(', ');
  await client.query(`GRANT USAGE ON SCHEMA ${VIEWS_SCHEMA} TO ${VIEWS_ROLE}`);
  await client.query(`GRANT SELECT ON ${names} TO ${VIEWS_ROLE}`);
}
