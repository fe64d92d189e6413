import { accessGuard, createLogger, createService } from '@prorata/service-runtime';
import type { Principal, Service } from '@prorata/service-runtime';
import type { Message } from '@prorata/schemas';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { EventStamper } from '../../test/eventStamper.ts';
import { freshTables } from '../../test/freshTables.ts';
import { hostReport, rulesDelivered, SECOND, targetReport } from '../../test/reportStory.ts';
import { countEnforcement } from '../enforcement/enforcementCounts.ts';
import { EventsProjection } from '../projection/eventsProjection.ts';
import type { Projection } from '../projection/projection.ts';
import { ReportsProjection } from '../projection/reportsProjection.ts';
import { queryRoutes } from '../startProjector.ts';
import { openapi } from './openapi.ts';

const NOW = BigInt(Date.now()) * 1_000n;
const ago = (seconds: number): bigint => NOW - BigInt(seconds) * SECOND;

type Line = Readonly<Record<string, unknown>>;

let pool: pg.Pool;
let service: Service;
let url: string;

/** Of a caller who is an operator everywhere, unless said otherwise. */
async function get(path: string, application = '*'): Promise<{ status: number; body: Line }> {
  const headers = { authorization: `Bearer ${application}` };
  const response = await fetch(`${url}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as Line };
}

const hosts = async (query: string, application?: string): Promise<readonly Line[]> =>
  (await get(`/v1/hosts?${query}`, application)).body['hosts'] as Line[];
const targets = async (query: string, application?: string): Promise<readonly Line[]> =>
  (await get(`/v1/targets?${query}`, application)).body['targets'] as Line[];
const told = (lines: readonly Line[]): readonly string[] =>
  lines.map(({ hostId, dispatcher, state }) => `${String(hostId ?? dispatcher)} ${String(state)}`);

async function take(
  projection: Projection,
  messages: readonly Message[],
  loggedAt: bigint = NOW,
): Promise<void> {
  const records = messages.map((message, index) => ({
    offset: BigInt(index),
    message,
    hash: null,
    loggedAtMs: Number(loggedAt / 1_000n),
  }));
  const client = await pool.connect();
  try {
    const { changes, broken } = projection.project(records);
    expect(broken).toBeNull();
    await client.query('BEGIN');
    await changes(client);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

const hear = (messages: readonly Message[], loggedAt?: bigint): Promise<void> =>
  take(new ReportsProjection(), messages, loggedAt);

/** Offsets 0 to 3: what `llm` registered and declared long ago, and one change of just now. */
function events(): readonly Message[] {
  const stamper = new EventStamper(1);
  if (registered.type !== 'ApplicationRegistered') throw new TypeError('It registers.');
  const dispatchers = ['batch', 'scheduler', 'unheard'].map((name) => ({
    ...{ name, kind: 'yunikorn' as const, target: `${name}/queues` },
    ...{ secretRef: null, settings: null },
  }));
  const registration = { ...registered, data: { ...registered.data, dispatchers } };
  const limits = [tokensPerSecond(7n)];
  return [
    stamper.stamp('application:llm', [registration], { at: ago(900) }),
    stamper.stamp('application:llm', [created('llm/a', contentOf())], { at: ago(900) }),
    stamper.stamp('application:llm', [changed('llm/a', 2n, contentOf({ limits }))], {
      at: ago(600),
    }),
    stamper.stamp('application:llm', [changed('llm/a', 3n, contentOf({ tier: 3 }))], {
      at: ago(5),
    }),
  ].flatMap((stamped) => stamped.events);
}

beforeAll(async () => {
  ({ pool } = await freshTables());
  await take(new EventsProjection(0), events());
  await hear([
    hostReport({ hostId: 'abreast', appliedOffset: 3n, reportedAt: NOW, zone: 'eu-1a' }),
    hostReport({ hostId: 'behind', appliedOffset: 2n, reportedAt: NOW, zone: 'eu-1b' }),
    hostReport({ hostId: 'drifted', appliedOffset: 1n, reportedAt: NOW, zone: 'eu-1b' }),
    hostReport({ hostId: 'picky', appliedOffset: 3n, reportedAt: NOW, rejectedRules: 1 }),
    hostReport({ application: 'moka', hostId: 'stray', reportedAt: NOW }),
    targetReport({ dispatcher: 'batch', since: ago(30), state: 'pending', appliedOffset: 2n }),
    targetReport({ dispatcher: 'scheduler', problem: 'no queue root.a', state: 'refused' }),
    targetReport({ dispatcher: 'of-old' }),
    rulesDelivered({ deliveredOffset: 2n, accountedTo: 2n }),
  ]);
  await hear([hostReport({ hostId: 'away', reportedAt: ago(60), appliedOffset: 2n })], ago(60));
  await hear([hostReport({ hostId: 'gone', application: 'tidb' })], ago(86_500));
  await hear([hostReport({ hostId: 'left', appliedOffset: 2n, sequence: 8n, leaving: true })]);
  // On its way twice, and told to be late by its number.
  await hear([hostReport({ hostId: 'left', appliedOffset: 2n, sequence: 7n })]);
  const verify = (credentials: string): Promise<Principal> =>
    Promise.resolve({
      actor: { kind: 'user', issuer: 'https://id.test', subject: 'alice' },
      ...{ roles: ['operator'], grants: [], groups: [], endsAtMs: Number.MAX_SAFE_INTEGER },
      application: credentials === '*' ? null : credentials,
    });
  service = createService({
    name: 'projector',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger: createLogger('test', 'silent'),
    access: accessGuard('projector', verify),
    ready: () => [],
    openapi,
    patience: { lastAnswersMs: 0 },
    routes: (router) => {
      const lag = { measure: () => Promise.resolve(0n) };
      queryRoutes(router, { pool, lag } as never);
    },
  });
  ({ url } = await service.listen());
});
afterAll(async () => {
  await service.close();
  await pool.end();
});

describe('hosts', () => {
  it('are told with what each should have applied, what was delivered, what it has, and since when it lacks it', async () => {
    const all = await hosts('application=llm');
    expect(told(all)).toEqual([
      'abreast current',
      'away silent',
      'behind behind',
      'drifted drifted',
      'picky refused',
    ]);
    const [abreast, , behind, drifted] = all;
    expect(abreast).toMatchObject({ desiredOffset: 3, appliedOffset: 3, behindSince: null });
    // The relay has written up to 2: the change of just now lacks everywhere but where it was given.
    expect(behind).toMatchObject({ desiredOffset: 3, deliveredOffset: 2, appliedOffset: 2 });
    const since = ({ behindSince }: Line): number => Date.parse(String(behindSince));
    expect(since(behind!)).toBe(Number(ago(5) / 1_000n));
    expect(since(drifted!)).toBe(Number(ago(600) / 1_000n));
  });

  it('are found by state, zone and application, and by lacking a change', async () => {
    expect(told(await hosts('state=drifted,silent'))).toEqual(['away silent', 'drifted drifted']);
    expect(told(await hosts('zone=eu-1b'))).toEqual(['behind behind', 'drifted drifted']);
    expect(told(await hosts('behind=true'))).toEqual([
      'away silent',
      'behind behind',
      'drifted drifted',
    ]);
    expect(told(await hosts('application=moka'))).toEqual(['stray unregistered']);
    expect(await hosts('application=tidb')).toEqual([]);
    expect((await get('/v1/hosts?state=lost')).status).toBe(422);
  });

  it.each(['hostId', 'heardAt', 'appliedOffset'])(
    'come page after page by %s, either way',
    async (sort) => {
      for (const order of ['asc', 'desc']) {
        const whole = await hosts(`sort=${sort}&order=${order}`);
        const paged: Line[] = [];
        let after = '';
        for (let page = 0; page < whole.length; page += 1) {
          const query = `sort=${sort}&order=${order}&limit=1&after=${after}`;
          const { body } = await get(`/v1/hosts?${query}`);
          paged.push(...(body['hosts'] as Line[]));
          after = (body['next'] as string | null) ?? '';
        }
        expect(after).toBe('');
        expect(paged).toEqual(whole);
        expect(paged).toHaveLength(6);
      }
      expect((await get(`/v1/hosts?sort=${sort}&after=x`)).status).toBe(422);
    },
  );

  it('are told one by one, and to nobody whose credentials are for another application', async () => {
    const one = await get('/v1/hosts/llm/behind', 'llm');
    expect(one).toMatchObject({ status: 200, body: { hostId: 'behind', zone: 'eu-1b' } });
    expect(await get('/v1/hosts/llm/nobody')).toMatchObject({
      status: 404,
      body: { code: 'HOST_UNKNOWN' },
    });
    expect((await get('/v1/hosts/llm/behind', 'moka')).status).toBe(403);
    expect((await get('/v1/hosts?application=llm', 'moka')).status).toBe(403);
    expect(told(await hosts('', 'moka'))).toEqual(['stray unregistered']);
  });

  it('are shown what the relay says that it delivered, which lowers nothing that they should have', async () => {
    const delivered = async (): Promise<unknown> =>
      (await hosts('application=llm&behind=true')).map(({ deliveredOffset, desiredOffset }) => [
        deliveredOffset,
        desiredOffset,
      ])[0];
    await hear([rulesDelivered({ deliveredOffset: 3n, accountedTo: 9n })]);
    // A relay that was replaced, and does not know it yet.
    await hear([rulesDelivered({ deliveredOffset: 2n, accountedTo: 3n })]);
    expect(await delivered()).toEqual([3, 3]);
    // Whoever may write to the topic may say anything: it hides nothing, and is gone a minute after.
    await hear([rulesDelivered({ deliveredOffset: -1n, accountedTo: 2n ** 62n })]);
    expect(await delivered()).toEqual([-1, 3]);
    const true3 = rulesDelivered({ deliveredOffset: 3n, accountedTo: 9n });
    await hear([true3], NOW + 15n * SECOND);
    expect(await delivered()).toEqual([-1, 3]);
    await hear([true3], NOW + 61n * SECOND);
    expect(await delivered()).toEqual([3, 3]);
  });
});

describe('targets', () => {
  it('are those of every registered dispatcher, reported of or not, with what hinders them', async () => {
    const all = await targets('');
    expect(told(all)).toEqual(['batch behind', 'scheduler refused', 'unheard silent']);
    expect(all[0]).toMatchObject({ desiredOffset: 7, deliveredOffset: 7, appliedOffset: 2 });
    expect(all[1]).toMatchObject({ problem: 'no queue root.a', target: 'scheduler/queues' });
    expect(all[2]).toMatchObject({ kind: 'yunikorn', appliedOffset: null, heardAt: null });
    expect(told(await targets('state=refused'))).toEqual(['scheduler refused']);
    expect(await targets('', 'moka')).toEqual([]);
    const { body } = await get('/v1/targets?limit=2&order=desc');
    expect(told(body['targets'] as Line[])).toEqual(['unheard silent', 'scheduler refused']);
    const rest = await targets(`order=desc&after=${encodeURIComponent(String(body['next']))}`);
    expect(told(rest)).toEqual(['batch behind']);
  });

  it('have drifted where nothing was written for a minute', async () => {
    const report = { dispatcher: 'batch', reportedAt: NOW, appliedOffset: 2n } as const;
    await hear([targetReport({ ...report, since: ago(61), state: 'pending' })]);
    expect(told(await targets('behind=true&kind=yunikorn'))[0]).toBe('batch drifted');
    await hear([targetReport({ ...report, since: NOW, appliedOffset: 7n })]);
    expect(told(await targets('state=current'))).toEqual(['batch current']);
    await pool.query(`UPDATE deliveries SET accounted_to = 1 WHERE application = 'llm'`);
    // The relay has not looked at a change of ten minutes ago: its dispatchers cannot know that all is well.
    expect(told(await targets(''))[0]).toBe('batch drifted');
    await pool.query(`UPDATE deliveries SET accounted_to = 9 WHERE application = 'llm'`);
  });
});

describe('counts of hosts and targets', () => {
  it('are by application and state, few applications and the rest together', async () => {
    expect(await countEnforcement(pool, 'hosts')).toEqual([
      { application: 'llm', state: 'behind', count: 1 },
      { application: 'llm', state: 'current', count: 1 },
      { application: 'llm', state: 'drifted', count: 1 },
      { application: 'llm', state: 'refused', count: 1 },
      { application: 'llm', state: 'silent', count: 1 },
      { application: 'moka', state: 'unregistered', count: 1 },
    ]);
    expect(await countEnforcement(pool, 'hosts', 1)).toContainEqual({
      ...{ application: '_others', state: 'unregistered', count: 1 },
    });
    expect(await countEnforcement(pool, 'targets')).toHaveLength(3);
  });
});

describe('reports', () => {
  const of = async (hostId: string): Promise<unknown> =>
    (
      await pool.query('SELECT applied_offset::int, boot_id FROM hosts WHERE host_id = $1', [
        hostId,
      ])
    ).rows[0];

  it('that come late or twice set no host back, within a start or between two', async () => {
    const report = { hostId: 'h', bootId: 'one', reportedAt: ago(10) };
    await hear([hostReport({ ...report, sequence: 5n, appliedOffset: 2n })], ago(10));
    // The clock was set back meanwhile: within a start the number tells.
    await hear([hostReport({ ...report, sequence: 6n, appliedOffset: 3n, reportedAt: ago(99) })]);
    await hear([hostReport({ ...report, sequence: 5n, appliedOffset: 2n })]);
    expect(await of('h')).toEqual({ applied_offset: 3, boot_id: 'one' });
    const second = { ...report, bootId: 'two', reportedAt: ago(5), appliedOffset: 1n };
    await hear([hostReport(second)]);
    await hear([hostReport({ ...report, sequence: 9n })]);
    expect(await of('h')).toEqual({ applied_offset: 1, boot_id: 'two' });
    // A start whose clock is behind counts once the one before has fallen silent.
    const third = hostReport({ ...report, bootId: 'three', reportedAt: ago(500) });
    await hear([third], NOW + 40n * SECOND);
    expect(await of('h')).toMatchObject({ boot_id: 'two' });
    await hear([third], NOW + 50n * SECOND);
    expect(await of('h')).toMatchObject({ boot_id: 'three' });
  });

  it('tell no row how they were batched', async () => {
    const story = [3n, 1n, 2n, 5n, 4n].map((sequence) =>
      hostReport({ hostId: 'batched', sequence, appliedOffset: sequence }),
    );
    await hear(story);
    const whole = await of('batched');
    await pool.query(`DELETE FROM hosts WHERE host_id = 'batched'`);
    for (const each of story) await hear([each]);
    expect(await of('batched')).toEqual(whole);
  });

  it('that no table holds stop nothing and hide nobody', async () => {
    const bad = { application: 'llm', appliedOffset: 3n } as const;
    await hear([
      hostReport({ ...bad, hostId: 'nul\0' }),
      hostReport({ ...bad, hostId: 'x'.repeat(10_000) }),
      hostReport({ ...bad, hostId: '\ud800' }),
      hostReport({ ...bad, hostId: 'late', reportedAt: 2n ** 62n }),
      hostReport({ ...bad, hostId: 'early', appliedAt: -(2n ** 62n) }),
      hostReport({ hostId: 'nowhere', application: 'no such/id' }),
      targetReport({ dispatcher: 'wordy', problem: `\0${'y'.repeat(10_000)}` }),
      hostReport({ ...bad, hostId: 'fine' }),
    ]);
    const { rows } = await pool.query<{ host_id: string }>(
      `SELECT host_id FROM hosts WHERE host_id IN ('late', 'early', 'nowhere', 'fine') OR host_id ~ '^(x|nul)'`,
    );
    expect(rows).toEqual([{ host_id: 'fine' }]);
    const words = `SELECT length(problem) FROM targets WHERE dispatcher = 'wordy'`;
    expect((await pool.query(words)).rows).toEqual([{ length: 2_000 }]);
  });

  it('of one application that makes up hosts crowd out its own alone', async () => {
    const many = Array.from({ length: 10_050 }, (_, index) =>
      hostReport({ application: 'mad', hostId: `made-up-${index}` }),
    );
    await hear(many);
    await hear([hostReport({ application: 'mad', hostId: 'one-more' })], NOW + SECOND);
    const { rows } = await pool.query(
      `SELECT application, count(*)::int FROM hosts WHERE application IN ('mad', 'moka') GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual([
      { application: 'mad', count: 10_000 },
      { application: 'moka', count: 1 },
    ]);
    expect(await of('one-more')).toBeDefined();
  });

  it('are forgotten a day after, by the reports that come then', async () => {
    await hear([hostReport({ application: 'tidb', hostId: 'new' })]);
    const { rows } = await pool.query(`SELECT host_id FROM hosts WHERE application = 'tidb'`);
    expect(rows).toEqual([{ host_id: 'new' }]);
  });
});
