import { randomBytes } from 'node:crypto';
import type { LogAdmin } from '@prorata/kafka-port';
import { freshDatabase } from '@prorata/test-kit';
import { inNamespace, topicManifest } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { budgetDefined } from '../../test/drafts.ts';
import { dumpOf, eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';
import { reportStory } from '../../test/reportStory.ts';
import { tellStory } from '../../test/tellStory.ts';
import { openPool } from '../database/openPool.ts';
import { OwnedPartition } from '../partition/ownedPartition.ts';
import { EventsProjection } from '../projection/eventsProjection.ts';
import { BrokenInvariant } from '../projection/projection.ts';
import { startProjector } from '../startProjector.ts';
import type { Projector, ProjectorOptions } from '../startProjector.ts';
import { listGenerations, schemaOf } from './generation.ts';
import { inTransaction } from './inTransaction.ts';
import { progressOf } from './progress.ts';
import { projectionNamed, projections } from './projections.ts';
import type { ProjectionDefinition } from './projections.ts';
import { ask, provideGeneration } from './provideGeneration.ts';
import { rebuild } from './rebuild.ts';
import type { RebuildProgress } from './rebuild.ts';
import { groupOf } from './sweepGroups.ts';

const partitions = topicManifest.partitions.local;
const quotas = projectionNamed('quotas')!;
const withVersion = (version: number, change: Partial<ProjectionDefinition> = {}) =>
  projections.map((each) =>
    each.name === 'quotas' ? { ...each, version, readableFrom: version, ...change } : each,
  );

/** Of three stories of nine, and a budget. */
const EVENTS = 3 * 9 + 1;

let stand: Stand;
let databaseUrl: string;
let pool: pg.Pool;
const running: Projector[] = [];

beforeAll(async () => {
  stand = await openStand();
  for (const application of ['llm', 'moka', 'tidb']) await tellStory(stand, application);
  await stand.append(stand.stamper.stamp('organization:acme', [budgetDefined]));
  await stand.report(Buffer.from('no report'), ...reportStory);
});
afterAll(() => stand.close());
beforeEach(async () => {
  databaseUrl = await freshDatabase();
  pool = openPool(databaseUrl, () => undefined);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((projector) => projector.stop()));
  await pool.end();
});

async function start(options: ProjectorOptions = {}): Promise<Projector> {
  const projector = await startProjector(stand.settings(databaseUrl), {
    sessionTimeoutMs: 6_000,
    ...options,
  });
  running.push(projector);
  await eventually(async () => expect(await readyOf(projector)).toBe('ready'));
  return projector;
}

async function readyOf(projector: Projector): Promise<unknown> {
  const response = await fetch(`${projector.url}/readyz`);
  return ((await response.json()) as { status: string }).status;
}

async function stop(projector: Projector): Promise<void> {
  running.splice(running.indexOf(projector), 1);
  await projector.stop();
}

function rebuildOf(definition: ProjectionDefinition, progress: RebuildProgress[] = []) {
  return rebuild({
    pool,
    definition,
    log: { log: stand.port.log, namespace: stand.namespace, partitions },
    onProgress: (line) => progress.push(line),
  });
}

async function states(): Promise<Readonly<Record<string, string>>> {
  const all = await listGenerations(pool);
  return Object.fromEntries(all.map((each) => [schemaOf(each), each.state]));
}

async function explain(projector: Projector) {
  const token = await stand.token(['operator']);
  const response = await fetch(`${projector.url}/v1/quotas/llm%2Facme%2Fchat/explain`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = (await response.json()) as {
    tier: number;
    code?: string;
    limits: { sentence: string }[];
  };
  return { status: response.status, body };
}

/** `old` and `new` are told apart in both of the rows that an explanation is made of. */
async function whose(projector: Projector): Promise<string> {
  const { body } = await explain(projector);
  const isOldQuota = body.tier === 4;
  const isOldApplication = body.limits[0]!.sentence.includes('old-units');
  return `${isOldQuota ? 'old' : 'new'} ${isOldApplication ? 'old' : 'new'}`;
}

async function markAsOld(schema: string): Promise<void> {
  await pool.query(`UPDATE ${schema}.quotas SET tier = 4`);
  await pool.query(
    `UPDATE ${schema}.applications
     SET resources = replace(resources::text, '"unit": "token"', '"unit": "old-units"')::jsonb`,
  );
}

/** Those of copies, in the namespace of the test. */
async function groupsIn(admin: LogAdmin): Promise<readonly string[]> {
  const begins = inNamespace('projector-', stand.namespace);
  return (await admin.listGroups()).filter((group) => group.startsWith(begins)).sort();
}

const groupsOf = (...schemas: readonly string[]): readonly string[] =>
  schemas.flatMap((schema) =>
    (projectionNamed(schema.replace(/_\d+$/, ''))?.topics ?? []).map(({ topic }) =>
      groupOf(schema, topic, stand.namespace),
    ),
  );

/** As an instance does that ends right after. @returns how many records it applied */
async function fillPartition(schema: string, stream: string): Promise<number> {
  const { partition } = stand.stamper.stamp(stream, []);
  const tables = openPool(databaseUrl, () => undefined, { schemas: [schema] });
  let applied = 0;
  const topic = 'quota.events';
  const owned = new OwnedPartition(
    { topic: inNamespace(topic, stand.namespace), partition },
    {
      log: stand.port.log,
      codec: stand.codec,
      pool: tables,
      logger: createLogger('test', 'silent'),
      checkpoint: { projection: 'quotas', topic, partition },
      newProjection: () => new EventsProjection(partition),
      rejoin: () => undefined,
      applied: (records) => {
        applied += records;
      },
    },
  );
  await owned.restore();
  owned.revoke();
  await tables.end();
  return applied;
}

async function appliedBy(projector: Projector, copy: string): Promise<number> {
  const metrics = await (await fetch(`${projector.url}/metrics`)).text();
  const line = new RegExp(`applied_records_total\\{copy="${copy}".*\\} (\\d+)`).exec(metrics);
  return Number(line?.[1]);
}

/** An auditor who asks again and again, by a login of the server. @returns on `stop` every answer */
async function readViews() {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'test'`);
  const streams = ['application:llm', 'application:moka'];
  await pool.query('SELECT prorata.grant_auditor($1, $2)', [name, streams]);
  const url = new URL(databaseUrl);
  [url.username, url.password] = [name, 'test'];
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const seen: string[] = [];
  const over = new AbortController();
  const reading = (async () => {
    while (!over.signal.aborted) {
      const { rows } = await client.query<{ quotas: string; events: string }>(
        `SELECT (SELECT count(*) FROM prorata.quotas) AS quotas,
           (SELECT count(*) FROM prorata.audit_events) AS events`,
      );
      seen.push(`${rows[0]!.quotas} quotas, ${rows[0]!.events} events of llm and moka`);
    }
  })();
  return {
    stop: async () => {
      over.abort();
      await reading;
      await client.end();
      await pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
      return seen;
    },
  };
}

describe('a rebuild', () => {
  it('gives every row again in every column, in the views too, and drops the former copy after its grace', async () => {
    const projector = await start({ graceMs: 1_000 });
    await eventually(async () => expect((await dumpOf(databaseUrl))['hosts']).toHaveLength(2));
    const before = await dumpOf(databaseUrl);
    // What somebody wrote who may write there stops no report of the others, and is counted.
    const metrics = await (await fetch(`${projector.url}/metrics`)).text();
    expect(metrics).toMatch(/skipped_records_total\{.*copy="hosts_1".*\} 1$/m);
    const auditor = await readViews();
    expect(before['audit_log']!.length).toBe(3 * 10 + 1);
    for (const definition of projections) {
      expect(await rebuildOf(definition)).toEqual({
        kind: 'live',
        schema: `${definition.name}_2`,
      });
    }
    expect(await dumpOf(databaseUrl)).toEqual(before);
    await eventually(async () =>
      expect(await states()).toEqual({ audit_2: 'live', hosts_2: 'live', quotas_2: 'live' }),
    );
    const seen = await auditor.stop();
    expect(seen.length).toBeGreaterThan(10);
    expect([...new Set(seen)]).toEqual(['6 quotas, 18 events of llm and moka']);
    const { rows } = await pool.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'quotas_1'`);
    expect(rows).toEqual([]);
    const admin = await stand.port.admin();
    await eventually(async () =>
      expect(await groupsIn(admin)).toEqual(groupsOf('audit_2', 'hosts_2', 'quotas_2')),
    );
    await admin.close();
  });

  it('that is done is told as done, though markers of transactions follow the last record', async () => {
    await start();
    const log = { log: stand.port.log, namespace: stand.namespace, partitions };
    for (const copy of await listGenerations(pool)) {
      const { done, total } = await progressOf(pool, copy, projectionNamed(copy.projection)!, log);
      expect(total).toBeGreaterThan(copy.projection === 'hosts' ? reportStory.length : EVENTS);
      expect(done).toBe(total);
    }
  });

  it('shows each request the old or the new, and no request a mixture', async () => {
    const projector = await start();
    await markAsOld('quotas_1');
    expect(await whose(projector)).toBe('old old');
    // A request that is held between its two statements while the copies are switched.
    const blocker = new pg.Client({ connectionString: databaseUrl });
    await blocker.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE quotas_1.applications IN ACCESS EXCLUSIVE MODE');
    const held = whose(projector);
    const seen: string[] = [];
    let isOver = false;
    expect(await rebuildOf(quotas)).toMatchObject({ kind: 'live' });
    const readers = Array.from({ length: 4 }, async () => {
      while (!isOver) seen.push(await whose(projector));
    });
    await eventually(() => {
      expect(seen).toContain('new new');
      return Promise.resolve();
    });
    await blocker.query('ROLLBACK');
    await blocker.end();
    expect(await held).toBe('old old');
    isOver = true;
    await Promise.all(readers);
    expect(new Set([...seen, 'old old'])).toEqual(new Set(['old old', 'new new']));
  });

  it('that was broken off goes on where it was, and the old copy is read until it is done', async () => {
    const first = await start();
    const before = await dumpOf(databaseUrl);
    await stop(first);
    await inTransaction(pool, (client) => ask(client, quotas));
    expect(await provideGeneration(pool, quotas, partitions)).toMatchObject({ generation: 2 });
    // One of the new copy's partitions is filled, and its instance is gone.
    const filled = await fillPartition('quotas_2', 'application:llm');
    expect(filled).toBeGreaterThanOrEqual(9);
    expect(await states()).toMatchObject({ quotas_1: 'live', quotas_2: 'building' });
    expect(await dumpOf(databaseUrl)).toEqual(before);
    const second = await start();
    await eventually(async () =>
      expect(await states()).toMatchObject({ quotas_1: 'former', quotas_2: 'live' }),
    );
    expect(await appliedBy(second, 'quotas_2')).toBe(EVENTS - filled);
    expect(await dumpOf(databaseUrl)).toEqual(before);
  });

  it('tells how far it is, and ends as waiting where no projector runs', async () => {
    const projector = await start();
    const progress: RebuildProgress[] = [];
    const blocker = new pg.Client({ connectionString: databaseUrl });
    await blocker.connect();
    // What is live cannot be held for the switch: the copy is filled, and seen before it is live.
    await blocker.query('BEGIN');
    await blocker.query('SELECT 1 FROM quotas_1.projection_checkpoint FOR UPDATE');
    const ended = rebuildOf(quotas, progress);
    await eventually(() => {
      expect(progress.at(-1)).toMatchObject({ schema: 'quotas_2' });
      expect(progress.at(-1)!.done).toBeGreaterThan(20);
      expect(progress.at(-1)!.rate).not.toBeNull();
      return Promise.resolve();
    });
    expect(await states()).toMatchObject({ quotas_1: 'live', quotas_2: 'building' });
    await blocker.query('ROLLBACK');
    await blocker.end();
    expect(await ended).toEqual({ kind: 'live', schema: 'quotas_2' });
    await stop(projector);
    expect(await rebuildOf(quotas)).toEqual({ kind: 'waiting', schema: 'quotas_3' });
  });
});

describe('a start with another version of a projection', () => {
  it('fills a copy beside and switches by itself, while older code goes on with its own', async () => {
    const old = await start({ graceMs: 5_000 });
    const before = await dumpOf(databaseUrl);
    await markAsOld('quotas_1');
    const raised = await start({ definitions: withVersion(quotas.version + 1), graceMs: 5_000 });
    expect(await states()).toMatchObject({ quotas_1: 'former', quotas_2: 'live', audit_1: 'live' });
    expect(await dumpOf(databaseUrl)).toEqual(before);
    expect(await whose(raised)).toBe('new new');
    expect(await whose(old)).toBe('old old');
    // Until the grace is over: then it has nothing to answer from, and says so.
    await eventually(async () => {
      const { status, body } = await explain(old);
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'READ_MODELS_REBUILDING' });
    });
    expect(await readyOf(old)).toBe('not ready');
    expect(await states()).toEqual({ audit_1: 'live', hosts_1: 'live', quotas_2: 'live' });
    expect(await whose(raised)).toBe('new new');
  });

  it('that cannot fill its copy leaves the old one read, and says what stops it', async () => {
    const broken = withVersion(quotas.version + 1, {
      readableFrom: 1,
      topics: [
        {
          topic: 'quota.events',
          newProjection: () => ({
            folds: true,
            hashes: false,
            wholeLog: true,
            skipsUnreadable: false,
            fold: () => undefined,
            project: ([record]) => {
              throw new BrokenInvariant(record!.offset, 'It does not know what to do.');
            },
          }),
        },
      ],
    });
    await stop(await start());
    await markAsOld('quotas_1');
    const projector = await start({ definitions: broken });
    const [definition] = broken;
    expect(await rebuildOf(definition!)).toMatchObject({
      kind: 'stopped',
      schema: 'quotas_2',
      trouble: expect.stringContaining('It does not know what to do.') as string,
    });
    expect(await whose(projector)).toBe('old old');
    expect(await readyOf(projector)).toBe('ready');
    const metrics = await (await fetch(`${projector.url}/metrics`)).text();
    expect(metrics).toMatch(/prorata_projector_stopped_offset\{copy="quotas_2"/);
  });
});
