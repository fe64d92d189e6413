import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createLogger } from '@prorata/service-runtime';
import { freshDatabase } from '@prorata/test-kit';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditorStand } from '../../test/auditorStand.ts';
import { contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { EventStamper, makeAnchorKey } from '../../test/eventStamper.ts';
import type { Stamped } from '../../test/eventStamper.ts';
import { organizationLives } from '../../test/organizationStory.ts';
import { quotaStory } from '../../test/quotaStory.ts';
import { rolloutStarted } from '../../test/rolloutStory.ts';
import { applyMigrations } from '../database/applyMigrations.ts';
import { openPool } from '../database/openPool.ts';
import { streamHeads } from '../database/tables.ts';
import { upsertRows } from '../database/upsertRows.ts';
import { dropFormer } from '../generations/dropFormer.ts';
import { listGenerations, schemaOf } from '../generations/generation.ts';
import { inTransaction } from '../generations/inTransaction.ts';
import { projections } from '../generations/projections.ts';
import { switchLive } from '../generations/switchLive.ts';
import { CopyOpener } from '../roles/copyOpener.ts';
import { openDatabase } from '../roles/openDatabase.ts';
import { provideRoles } from '../roles/provideRoles.ts';
import type { Logger } from '../logger.ts';
import { databaseRoles, roleTable } from '../roles/roleTable.ts';
import type { RelationKind } from '../roles/roleTable.ts';
import { auditorViews } from './auditorViews.ts';
import { publishViews } from './publishViews.ts';
import { ViewFollower } from './viewFollower.ts';

const [quotas] = projections;
const REFERENCE = path.join(import.meta.dirname, '../../../docs/reference/views.md');
const HOW_TO = path.join(import.meta.dirname, '../../../docs/how-to/let-auditors-query.md');
const DENIED = { code: '42501' };

/** Two applications and two organizations, with refusals and an anchor. */
function commands(): readonly Stamped[] {
  const stamper = new EventStamper(1);
  const limits = [tokensPerSecond(7n)];
  return [
    ...quotaStory.map((drafts) => stamper.stamp('application:llm', drafts)),
    stamper.stamp('application:llm', [rolloutStarted('llm-r15')]),
    stamper.stamp('application:moka', [registered, created('moka/ads', contentOf({ limits }))]),
    stamper.stamp('application:moka', [rolloutStarted('moka-r3', 5n, 'moka/ads')]),
    stamper.refuse('application:llm', 'PARENT_LIMIT_EXCEEDED'),
    stamper.refuse('application:moka', 'QUOTA_EXISTS'),
    stamper.stamp('organization:acme', organizationLives),
    stamper.stamp('organization:other', organizationLives),
    stamper.anchor(0, makeAnchorKey()),
  ];
}

let stand: AuditorStand;

beforeAll(async () => {
  stand = await AuditorStand.open();
  await stand.fill(1, commands());
  await stand.owner.query(
    `INSERT INTO quotas_1.price_books (price_book, version, currency, prices, time_zone, close_after_micros, shared_costs, idle, actor, reason, stream_version, updated_at)
     VALUES ('usd', 1, 'USD', '[]', 'UTC', 0, '[]', '[]', '{}', '', 1, now());
     INSERT INTO quotas_1.tier_policies VALUES ('standard', 1, '[]', '[]', '{}', '', NULL, 1, now());
     INSERT INTO quotas_1.entitlements (application, project, resource, bound, actor, reason, stream_version, updated_at)
     SELECT application, 'acme/assistant', 'tokens', 'blocked', '{}', '', 1, now() FROM quotas_1.applications`,
  );
});
afterAll(() => stand.close());

/** Enough to go by way of a temporary table. */
const MANY = 500;

/** Writes as a projection does, and takes it back. @returns rows that were written */
async function upsertMany(writer: Pool): Promise<number | null> {
  const client = await writer.connect();
  try {
    await client.query('BEGIN');
    const rows = Array.from({ length: MANY }, (_, index) => ({
      stream: `application:many-${index}`,
      stream_version: 1n,
      partition: 0,
      log_offset: BigInt(index),
      decided_at: '2026-03-02T10:00:00Z',
    }));
    await upsertRows(client, streamHeads, rows);
    return (await client.query(`SELECT FROM stream_heads WHERE stream ~ 'many'`)).rowCount;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

async function column(
  client: Pick<Pool, 'query'>,
  sql: string,
): Promise<readonly (string | null)[]> {
  const { rows } = await client.query<{ value: string | null }>(sql);
  return rows.map(({ value }) => value);
}

describe('the views', () => {
  it('have the columns that the reference names, in its order, and rows to be told apart', async () => {
    const page = await readFile(REFERENCE, 'utf8');
    const named = [...page.matchAll(/^## (\w+)\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm)].flatMap(
      ([, view = '', text = '']) =>
        [...text.matchAll(/^\| `(\w+)` \| `([\w[\]]+)` \|/gm)].map(
          ([, name, type]) => `${view}.${name}: ${type}`,
        ),
    );
    const there = await column(
      stand.owner,
      `SELECT c.relname || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod) AS value
       FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
       WHERE c.relnamespace = 'prorata'::regnamespace AND c.relkind = 'v' ORDER BY c.relname, a.attnum`,
    );
    const short = (line: string | null): string =>
      (line ?? '').replace('timestamp with time zone', 'timestamptz');
    expect(there.map(short).sort()).toEqual([...named].sort());
    expect(there).toHaveLength(
      auditorViews.reduce((sum, { columns }) => sum + Object.keys(columns).length, 0),
    );
    const barriers = await column(
      stand.owner,
      `SELECT relname AS value FROM pg_class WHERE relnamespace = 'prorata'::regnamespace
       AND 'security_barrier=true' = ANY (reloptions)`,
    );
    expect(barriers).toHaveLength(auditorViews.length);
  });

  it('show all rows to who was granted every stream, and to the owner', async () => {
    const auditor = await stand.auditor('*');
    for (const client of [auditor, stand.owner]) {
      for (const { name } of auditorViews) {
        const [count] = await column(client, `SELECT count(*) AS value FROM prorata.${name}`);
        expect(Number(count), name).toBeGreaterThan(0);
      }
      expect(await column(client, 'SELECT application AS value FROM prorata.applications')).toEqual(
        expect.arrayContaining(['llm', 'moka']),
      );
    }
  });

  it('show an auditor rows of the streams that were granted, and no others', async () => {
    const auditor = await stand.auditor('application:llm', 'organization:acme', 'pricebook:usd');
    const everything = await stand.auditor('*');
    for (const { name, stream, columns } of auditorViews) {
      if (stream === null) continue;
      const of = 'application' in columns && !('organization' in columns) ? 'application' : null;
      const key = of ?? ['organization', 'stream', 'quota_id'].find((each) => each in columns);
      if (key === undefined) continue;
      const ask = `SELECT DISTINCT ${key} AS value FROM prorata.${name}`;
      const all = await column(everything, ask);
      const own = all.filter((value) =>
        /^(llm|llm\/.*|acme|application:llm|organization:acme)$/.test(value ?? ''),
      );
      expect(new Set(await column(auditor, ask)), name).toEqual(new Set(own));
      expect(own.length, name).toBeGreaterThan(0);
    }
    const count = async (name: string): Promise<unknown> =>
      column(auditor, `SELECT count(*) AS value FROM prorata.${name}`);
    expect(await count('price_books')).toEqual(['1']);
    expect(await count('tier_policies')).toEqual(['0']);
    expect(await count('anchors')).toEqual(['0']);
    expect(await column(auditor, 'SELECT stream AS value FROM prorata.granted_streams')).toEqual(
      expect.arrayContaining(['application:llm', 'organization:acme', 'pricebook:usd']),
    );
  });

  it('tell limits in force with the ancestor that binds and every layer, a row each', async () => {
    const auditor = await stand.auditor('application:llm');
    const { rows } = await auditor.query(
      `SELECT l.resource, l.kind, l.bound, l.amount, l.per, l.bound_by,
         array_agg(y.layer ORDER BY y.place) AS layers, max(y.actor ->> 'subject') AS actor
       FROM prorata.limits AS l JOIN prorata.layers AS y USING (quota_id, resource)
       WHERE l.quota_id = 'llm/acme/chat' GROUP BY 1, 2, 3, 4, 5, 6`,
    );
    expect(rows).toEqual([
      {
        resource: 'tokens',
        kind: 'rate',
        bound: 'amount',
        amount: '40000',
        per: '1s',
        bound_by: 'llm/acme/chat',
        layers: ['base', 'haircut'],
        actor: 'alice',
      },
    ]);
  });

  it('show nothing to a login without a grant, and nothing more once it is taken back', async () => {
    const { name, client } = await stand.login();
    const ask = 'SELECT count(*) AS value FROM prorata.quotas';
    await expect(client.query(ask)).rejects.toMatchObject(DENIED);
    await stand.owner.query(`GRANT prorata_auditor TO ${name}`);
    expect(await column(client, ask)).toEqual(['0']);
    await stand.owner.query('SELECT prorata.grant_auditor($1, $2)', [name, ['application:moka']]);
    expect(await column(client, ask)).toEqual(['1']);
    await stand.owner.query('SELECT prorata.revoke_auditor($1)', [name]);
    await expect(client.query(ask)).rejects.toMatchObject(DENIED);
    await expect(stand.owner.query('SELECT prorata.revoke_auditor($1)', [name])).rejects.toThrow(
      'Nothing was granted',
    );
  });

  it('hold what was granted to a group for the logins in it, whatever role they take on', async () => {
    const group = await stand.login();
    const other = await stand.login();
    const member = await stand.login(`IN ROLE ${group.name}`);
    await stand.owner.query('SELECT prorata.grant_auditor($1, $2)', [
      group.name,
      ['application:moka'],
    ]);
    await stand.owner.query('SELECT prorata.grant_auditor($1, $2)', [other.name, ['*']]);
    const ask = 'SELECT quota_id AS value FROM prorata.quotas';
    expect(await column(member.client, ask)).toEqual(['moka/ads']);
    await member.client.query('SET ROLE prorata_auditor');
    expect(await column(member.client, ask)).toEqual(['moka/ads']);
  });

  it.each([
    ['a login that there is not', 'nobody-here', ['*'], 'There is no role'],
    ['no stream', null, [], 'Name 1 to 1,000 streams'],
    ['what is no stream', null, ['llm'], "'llm' is no stream"],
    ['null', null, [null], 'NULL is no stream'],
  ])('are not granted for %s', async (_what, login, streams, said) => {
    const name = login ?? (await stand.login()).name;
    await expect(
      stand.owner.query('SELECT prorata.grant_auditor($1, $2)', [name, streams]),
    ).rejects.toThrow(said);
  });

  it('tell a leaky condition nothing of rows that are not shown', async () => {
    const auditor = await stand.auditor('application:moka');
    const seen: string[] = [];
    auditor.on('notice', ({ message }) => seen.push(message ?? ''));
    await auditor.query(`SET default_transaction_read_only = off`);
    await auditor.query(
      `CREATE FUNCTION pg_temp.leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
       $$ BEGIN RAISE NOTICE '%', value; RETURN true; END $$`,
    );
    for (const [view, key] of [
      ['quotas', 'quota_id'],
      ['limits', 'quota_id'],
      ['layers', 'quota_id'],
      ['quota_history', 'quota_id'],
      ['audit_events', 'stream'],
      ['refusals', 'stream'],
      ['stream_heads', 'stream'],
    ]) {
      await auditor.query(`SELECT FROM prorata.${view} WHERE pg_temp.leak(${key})`);
    }
    expect(seen.length).toBeGreaterThan(6);
    expect(seen.filter((value) => !value.includes('moka'))).toEqual([]);
    // An error, too, would tell of a row: `1 / 0` for what lies in another application.
    const divide = `SELECT FROM prorata.quotas WHERE 1 / (CASE quota_id WHEN 'moka/ads' THEN 1 ELSE 0 END) = 1`;
    expect((await auditor.query(divide)).rowCount).toBe(1);
    const cast = `SELECT FROM prorata.audit_events WHERE stream = 'application:moka' OR stream::int = 1`;
    expect((await auditor.query(cast)).rowCount).toBeGreaterThan(0);
  });

  it('are looked up by index and by month, for all that they hide', async () => {
    const auditor = await stand.auditor('application:llm');
    await auditor.query('SET enable_seqscan = off');
    const plan = async (sql: string): Promise<string> =>
      (await auditor.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`)).rows
        .map((row) => row['QUERY PLAN'])
        .join('\n');
    expect(await plan(`SELECT FROM prorata.quotas WHERE quota_id = 'llm/acme'`)).toContain(
      'quotas_pkey',
    );
    const month = await plan(
      `SELECT FROM prorata.audit_events WHERE decided_at >= '2026-03-01Z' AND decided_at < '2026-04-01Z'`,
    );
    expect(month).toContain('audit_log_2026_03');
    expect(month).not.toContain('audit_log_2026_04');
    expect(month).not.toContain('audit_log_before');
  });
});

describe('roles of the database', () => {
  /** What stands in the database by kind; partitions are reached by their table alone. */
  const RELATIONS = `
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relkind = 'v' AS is_view,
      CASE WHEN n.nspname ~ '^(quotas|audit|hosts)_[0-9]+$' THEN 'copies'
           WHEN n.nspname = 'projector' THEN 'control' ELSE 'views' END AS kind
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      AND (n.nspname ~ '^(quotas|audit|hosts)_[0-9]+$' OR n.nspname IN ('projector', 'prorata'))`;

  it('may do what the table says, to every relation, and no more', async () => {
    const { rows } = await stand.owner.query<{
      name: string;
      kind: RelationKind;
      role: keyof typeof roleTable;
      held: string[];
    }>(
      `SELECT t.name, t.kind, role, array(
         SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
         WHERE has_schema_privilege(role, split_part(t.name, '.', 1), 'USAGE')
           AND has_table_privilege(role, t.oid, p)) AS held
       FROM (${RELATIONS}) AS t, unnest($1::text[]) AS role`,
      [databaseRoles],
    );
    expect(rows.length).toBeGreaterThan(3 * 50);
    for (const { name, kind, role, held } of rows) {
      expect(held, `${role} ${name}`).toEqual(roleTable[role].may[kind]);
    }
  });

  it('make no schema, and of functions call their own alone', async () => {
    const { rows } = await stand.owner.query<{ role: string; name: string }>(
      `SELECT role, f.oid::regprocedure::text AS name FROM unnest($1::text[]) AS role, pg_proc AS f
       WHERE f.pronamespace::regnamespace::text ~ '^(quotas|audit|hosts)_|^projector$|^prorata$'
         AND has_schema_privilege(role, f.pronamespace, 'USAGE') AND has_function_privilege(role, f.oid, 'EXECUTE')`,
      [databaseRoles],
    );
    expect(rows).toEqual([{ role: 'prorata_projector', name: 'audit_1.make_audit_month(text)' }]);
    const makers = await column(
      stand.owner,
      `SELECT role || ' ' || n.nspname AS value
       FROM unnest(ARRAY['${databaseRoles.join("','")}']) AS role, pg_namespace AS n
       WHERE n.nspname !~ '^pg_' AND has_schema_privilege(role, n.oid, 'CREATE')
          OR n.nspname = 'public' AND has_database_privilege(role, current_database(), 'CREATE')`,
    );
    expect(makers).toEqual([]);
  });

  it('keep an auditor from the tables, from writing and from granting', async () => {
    const auditor = await stand.auditor('*');
    await auditor.query('SET default_transaction_read_only = off');
    for (const statement of [
      'SELECT FROM quotas_1.quotas',
      'SELECT FROM audit_1.audit_log',
      'SELECT FROM audit_1.audit_log_2026_03',
      'SELECT FROM projector.auditor_grants',
      'SELECT FROM projector.session_streams',
      `UPDATE prorata.quotas SET owner = 'me'`,
      'DELETE FROM prorata.teams',
      `INSERT INTO prorata.price_books (price_book) VALUES ('mine')`,
      `SELECT prorata.grant_auditor(session_user::text, '{*}')`,
      `SELECT audit_1.make_audit_month('2030-01')`,
      'CREATE VIEW prorata.mine AS SELECT 1',
      'SET ROLE prorata_reader',
    ]) {
      await expect(auditor.query(statement), statement).rejects.toMatchObject(DENIED);
    }
  });

  it('keep queries from writing, and projections from tables and from what is not a month', async () => {
    const [schemas, none] = [['quotas_1', 'audit_1'], () => undefined];
    const reader = openPool(stand.databaseUrl, none, { schemas, role: stand.roles.reader });
    const writer = openPool(stand.databaseUrl, none, { schemas, role: stand.roles.projector });
    try {
      expect((await reader.query('SELECT FROM quotas')).rowCount).toBeGreaterThan(0);
      for (const [pool, statement] of [
        [reader, `UPDATE quotas SET owner = 'me'`],
        [reader, 'SELECT FROM projector.generations'],
        [reader, 'SELECT FROM prorata.quotas'],
        [writer, 'DROP TABLE teams'],
        [writer, 'CREATE TABLE quotas_1.mine ()'],
        [writer, 'SELECT FROM projector.auditor_grants'],
        [writer, 'SELECT FROM prorata.quotas'],
      ] as const) {
        await expect(pool.query(statement), statement).rejects.toMatchObject(DENIED);
      }
      expect(await upsertMany(writer)).toBe(MANY);
      for (const month of ['2019-12', '2070-01', '2026-13', `2026-01'); DROP TABLE x; --`]) {
        await expect(writer.query('SELECT make_audit_month($1)', [month])).rejects.toThrow(
          'has no partition of its own',
        );
      }
    } finally {
      await Promise.all([reader.end(), writer.end()]);
    }
  });
});

describe('a database from before there were views', () => {
  it('gets roles, months and views as it stands, with the copies that it has', async () => {
    const plain = await AuditorStand.open();
    try {
      await plain.owner.query(
        `DROP SCHEMA prorata CASCADE; DROP VIEW projector.session_streams;
         DROP TABLE projector.auditor_grants, projector.published_views; DROP FUNCTION projector.must_be_seen_live;
         DROP FUNCTION audit_1.make_audit_month; DELETE FROM projector.schema_migration WHERE name LIKE '0002%';
         REVOKE ALL ON ALL TABLES IN SCHEMA quotas_1, audit_1 FROM prorata_projector, prorata_reader`,
      );
      expect(await applyMigrations(plain.owner)).toEqual(['0002_auditors.sql']);
      const all = await listGenerations(plain.owner);
      const opener = new CopyOpener(plain.owner, await provideRoles(plain.owner));
      expect(await opener.openAll(all)).toBe(true);
      const silent = createLogger('test', 'silent');
      for (const each of all) await new ViewFollower(plain.owner, silent).follow(each);
      await plain.fill(1, commands());
      const auditor = await plain.auditor('application:moka');
      expect(await column(auditor, 'SELECT quota_id AS value FROM prorata.quotas')).toEqual([
        'moka/ads',
      ]);
      expect((await auditor.query('SELECT FROM prorata.audit_events')).rowCount).toBe(3);
    } finally {
      await plain.close();
    }
  });
});

describe('the how-to', () => {
  it('has statements that let an auditor in, and that the auditor can ask', async () => {
    const page = await readFile(HOW_TO, 'utf8');
    const blocks = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) => sql);
    expect(blocks).toHaveLength(4);
    const [grant, questions] = blocks;
    const { name } = await stand.login();
    const [create, ...rest] = grant!.replaceAll(/\bann\b/g, name).split(/(?<=;)\n/);
    expect(create).toMatch(/^CREATE ROLE/);
    await stand.owner.query(rest.join('\n'));
    const auditor = await stand.session(name);
    const statements = questions!.split(/;.*\n/).filter((sql) => sql.trim() !== '');
    expect(statements).toHaveLength(5);
    for (const sql of statements) await auditor.query(sql);
    expect(await column(auditor, 'SELECT stream AS value FROM prorata.granted_streams')).toEqual(
      expect.arrayContaining(['application:moka', 'organization:acme']),
    );
  });
});

/** Under what a pool's connections run, and how many quotas they see. */
async function settingsOf(pool: Pool): Promise<unknown> {
  const { rows } = await pool.query<object>(
    `SELECT current_user AS as, current_setting('transaction_read_only') AS read_only,
       current_setting('statement_timeout') AS timeout, (SELECT count(*)::int FROM quotas) AS found`,
  );
  await pool.end();
  return rows[0];
}

describe("somebody else's server", () => {
  it('is used as its owner where roles are not given, and under roles once they are', async () => {
    const { name } = await stand.login();
    const url = new URL(await freshDatabase());
    await stand.owner.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${name}`);
    [url.username, url.password] = [name, 'test'];
    const plain = await AuditorStand.open(url.href);
    try {
      expect(plain.roles).toMatchObject({
        projector: null,
        reader: null,
        lacking: ['prorata_projector', 'prorata_reader'],
      });
      await plain.fill(1, commands());
      const warned: string[] = [];
      const warn = (_fields: object, text: string) => warned.push(text);
      const logger = { warn } as unknown as Logger;
      await (await openDatabase(url.href, null, logger)).pool.end();
      expect(warned).toEqual([expect.stringContaining('docs/how-to/let-auditors-query.md')]);
      await stand.owner.query(`GRANT prorata_projector, prorata_reader TO ${name}`);
      await stand.owner.query(`GRANT prorata_auditor TO ${name} WITH ADMIN OPTION`);
      const given = await openDatabase(url.href, null, logger);
      expect(warned).toHaveLength(1);
      expect(await settingsOf(given.openQueries(['quotas_1']))).toEqual({
        as: 'prorata_reader',
        read_only: 'on',
        timeout: '10s',
        found: 4,
      });
      expect(await settingsOf(given.openTables('quotas_1'))).toEqual({
        as: 'prorata_projector',
        read_only: 'off',
        timeout: '1min',
        found: 4,
      });
      await given.pool.end();
      const asker = await stand.login('IN ROLE prorata_reader');
      const askUrl = Object.assign(new URL(url.href), { username: asker.name });
      const bound = await openDatabase(url.href, askUrl.href, logger);
      const queries = bound.openQueries(['quotas_1']);
      await expect(queries.query(`SET ROLE ${name}`)).rejects.toMatchObject(DENIED);
      expect(await settingsOf(queries)).toEqual({
        as: asker.name,
        read_only: 'on',
        timeout: '10s',
        found: 4,
      });
      await bound.pool.end();
      const other = await stand.login();
      const grant = 'SELECT prorata.grant_auditor($1, $2)';
      await plain.owner.query(grant, [other.name, ['application:moka']]);
      const auditor = await plain.session(other.name);
      expect(await column(auditor, 'SELECT quota_id AS value FROM prorata.quotas')).toEqual([
        'moka/ads',
      ]);
      await expect(auditor.query('SELECT FROM quotas_1.quotas')).rejects.toMatchObject(DENIED);
    } finally {
      await plain.close();
      await stand.owner.query(`DROP DATABASE ${url.pathname.slice(1)} WITH (FORCE)`);
    }
  });
});

describe('a switch of copies', () => {
  const source = async (client: Pick<Pool, 'query'>): Promise<unknown> =>
    (
      await column(client, `SELECT owner AS value FROM prorata.quotas WHERE quota_id = 'moka/ads'`)
    )[0];

  /** A copy that can be switched to, whose quotas have an owner of its own, and the live one. */
  async function beside() {
    const copy = await stand.makeBeside(quotas!);
    const live = { ...copy, generation: copy.generation - 1 };
    const [to, from] = [schemaOf(copy), schemaOf(live)];
    await stand.owner.query(
      `INSERT INTO ${to}.quotas SELECT * FROM ${from}.quotas; UPDATE ${to}.quotas SET owner = '${to}'`,
    );
    return { copy, live };
  }

  it('shows readers that go on the old or the new and never an error; grants and dependent views stay', async () => {
    const auditor = await stand.auditor('application:moka');
    const bi = await stand.login();
    await stand.owner.query(
      `CREATE SCHEMA reports; CREATE VIEW reports.mine AS SELECT owner FROM prorata.quotas WHERE quota_id = 'moka/ads';
       GRANT USAGE ON SCHEMA reports, prorata TO ${bi.name}; GRANT SELECT ON reports.mine, prorata.quotas TO ${bi.name}`,
    );
    const before = await source(auditor);
    const { copy, live } = await beside();
    const seen: unknown[] = [];
    const over = new AbortController();
    const reading = (async () => {
      while (!over.signal.aborted) seen.push(await source(auditor));
    })();
    expect(await switchLive(stand.owner, copy)).toBe(true);
    const after = seen.length;
    while (seen.length < after + 2) await source(stand.owner);
    over.abort();
    await reading;
    expect(seen.at(-1)).toBe(schemaOf(copy));
    expect([...new Set([before, ...seen])]).toEqual([before, schemaOf(copy)]);
    expect((await bi.client.query('SELECT FROM prorata.quotas')).rowCount).toBe(0);
    expect(await column(stand.owner, 'SELECT owner AS value FROM reports.mine')).toEqual([
      schemaOf(copy),
    ]);
    expect(await dropFormer(stand.owner, live, { live: copy, graceMs: 0 })).toBe(true);
    expect(await source(auditor)).toBe(schemaOf(copy));
    expect(await column(stand.owner, 'SELECT owner AS value FROM reports.mine')).toEqual([
      schemaOf(copy),
    ]);
    await stand.owner.query('DROP SCHEMA reports CASCADE');
  });

  it('waits for no auditor: the views follow when a long statement is over, and the former copy stays till then', async () => {
    const auditor = await stand.auditor('application:moka');
    const other = await stand.auditor('application:moka');
    await auditor.query('BEGIN');
    const before = await source(auditor);
    const { copy, live } = await beside();
    expect(await switchLive(stand.owner, copy)).toBe(true);
    expect(await source(other)).toBe(before);
    expect(await dropFormer(stand.owner, live, { live: copy, graceMs: 0 })).toBe(false);
    const warned: object[] = [];
    const logger = { warn: (fields: object) => warned.push(fields) } as unknown as Logger;
    const follower = new ViewFollower(stand.owner, logger);
    await follower.follow(copy);
    await follower.follow(copy);
    expect(warned).toEqual([{ schema: schemaOf(copy) }]);
    expect(await source(auditor)).toBe(before);
    await auditor.query('COMMIT');
    await follower.follow(copy);
    expect(await source(auditor)).toBe(schemaOf(copy));
    expect(await dropFormer(stand.owner, live, { live: copy, graceMs: 0 })).toBe(true);
  });

  it('has a transaction that keeps its first snapshot begin again', async () => {
    const auditor = await stand.auditor('application:moka');
    await auditor.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await auditor.query('SELECT 1 FROM pg_class LIMIT 1');
    const { copy } = await beside();
    expect(await switchLive(stand.owner, copy)).toBe(true);
    await expect(source(auditor)).rejects.toMatchObject({ code: '40001' });
    await auditor.query('ROLLBACK');
    expect(await source(auditor)).toBe(schemaOf(copy));
  });

  it('leaves to newer code what that has defined, until its time is over', async () => {
    const auditor = await stand.auditor('application:moka');
    const before = await source(auditor);
    await stand.owner.query('UPDATE projector.published_views SET views_version = 99');
    await stand.owner.query(
      `DROP VIEW prorata.teams; CREATE VIEW prorata.teams AS SELECT 1 AS added_by_newer_code`,
    );
    const bi = await stand.login();
    await stand.owner.query(
      `GRANT USAGE ON SCHEMA prorata TO ${bi.name}; GRANT SELECT ON prorata.teams TO ${bi.name}`,
    );
    const { copy, live } = await beside();
    expect(await switchLive(stand.owner, copy)).toBe(true);
    expect(await source(auditor)).toBe(before);
    expect(await dropFormer(stand.owner, live, { live: copy, graceMs: 0 })).toBe(true);
    expect(await source(auditor)).toBe(schemaOf(copy));
    for (const client of [auditor, bi.client]) {
      expect((await client.query('SELECT team_id FROM prorata.teams')).rowCount).toBe(0);
    }
  });

  it('makes a view anew where a column sorts otherwise, once nothing of others stands on it', async () => {
    const auditor = await stand.auditor('application:moka');
    const { copy } = await beside();
    await stand.owner.query(
      `CREATE VIEW public.report AS SELECT owner FROM prorata.quotas;
       ALTER TABLE ${schemaOf(copy)}.quotas ALTER COLUMN owner TYPE text COLLATE "C"`,
    );
    const before = await source(auditor);
    expect(await switchLive(stand.owner, copy)).toBe(true);
    expect(await source(auditor)).toBe(before);
    const publish = () => inTransaction(stand.owner, (client) => publishViews(client, copy));
    await expect(publish()).rejects.toThrow('other objects depend on it');
    await stand.owner.query('DROP VIEW public.report');
    expect(await publish()).toBe(true);
    expect(await source(auditor)).toBe(schemaOf(copy));
  });

  it('is not kept by a view that cannot be made', async () => {
    const { copy } = await beside();
    await stand.owner.query(`DROP VIEW prorata.teams; CREATE TABLE prorata.teams (what text)`);
    expect(await switchLive(stand.owner, copy)).toBe(true);
    const again = inTransaction(stand.owner, (client) => publishViews(client, copy));
    await expect(again).rejects.toThrow('"teams" is not a view');
    await stand.owner.query('DROP TABLE prorata.teams');
    expect(await inTransaction(stand.owner, (client) => publishViews(client, copy))).toBe(true);
    expect(await source(stand.owner)).toBe(schemaOf(copy));
  });
});
