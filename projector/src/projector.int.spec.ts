import { randomBytes } from 'node:crypto';
import { inNamespace } from '@prorata/schemas';
import { freshDatabase } from '@prorata/test-kit';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  budgetDefined,
  changed,
  contentOf,
  created,
  proposed,
  registered,
  tokensPerSecond,
} from '../test/drafts.ts';
import { alice } from '../test/eventStamper.ts';
import { dumpOf, eventually, openStand } from '../test/projectorStand.ts';
import type { Stand } from '../test/projectorStand.ts';
import { rolloutPaused, rolloutStarted } from '../test/rolloutStory.ts';
import { tellStory } from '../test/tellStory.ts';
import {
  auditFields,
  budgetFields,
  explainedFields,
  proposalFields,
  quotaFields,
  rolloutFields,
} from './routes/rowSchemas.ts';
import { indexedText } from './rows/indexedText.ts';
import { startProjector } from './startProjector.ts';
import type { Projector } from './startProjector.ts';

const SESSION_TIMEOUT_MS = 6_000;
const running: Projector[] = [];

async function start(stand: Stand, databaseUrl: string): Promise<Projector> {
  const projector = await startProjector(stand.settings(databaseUrl), {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  });
  running.push(projector);
  return projector;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((projector) => projector.stop()));
});

async function get(projector: Projector, path: string, token: string) {
  const response = await fetch(`${projector.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: (await response.json()) as never, response };
}

/** What is answered while the queries' own role may not read: they have no other one. */
async function withoutReading(
  databaseUrl: string,
  ask: () => Promise<{ readonly status: number }>,
): Promise<number> {
  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  try {
    await owner.query('REVOKE SELECT ON quotas_1.quotas FROM prorata_reader');
    return (await ask()).status;
  } finally {
    await owner.query('GRANT SELECT ON quotas_1.quotas TO prorata_reader');
    await owner.end();
  }
}

async function ready(projector: Projector): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`${projector.url}/readyz`);
    expect(await response.json()).toMatchObject({ status: 'ready' });
  });
}

describe('the projector', () => {
  let stand: Stand;
  let databaseUrl: string;
  beforeAll(async () => {
    stand = await openStand();
    databaseUrl = await freshDatabase();
    await tellStory(stand, 'llm');
    await tellStory(stand, 'moka');
    await stand.append(stand.stamper.stamp('organization:acme', [budgetDefined]));
  });
  afterAll(() => stand.close());

  it('answers what is in force and why, and says how far behind it is', async () => {
    const projector = await start(stand, databaseUrl);
    await ready(projector);
    const token = await stand.token(['operator']);
    const list = await get(projector, '/v1/quotas?application=llm&limit=2', token);
    expect(list.body).toMatchObject({
      quotas: [{ quotaId: 'llm/acme' }, { quotaId: 'llm/acme/chat', project: 'acme/assistant' }],
      next: 'llm/acme/chat',
      lag: 0,
    });
    const rest = await get(projector, '/v1/quotas?application=llm&after=llm/acme/chat', token);
    expect(rest.body).toMatchObject({ quotas: [{ quotaId: 'llm/acme/code' }], next: null });
    const one = await get(projector, '/v1/quotas/llm%2Facme%2Fchat', token);
    expect(one.response.headers.get('etag')).toMatch(/^"3\.\d+\.\d+\.\d+"$/);
    expect(one.body).toMatchObject({ version: 3, parent: 'llm/acme', owner: 'team-assistant' });
    const application = await get(projector, '/v1/applications/llm', token);
    expect(application.response.headers.get('etag')).toMatch(/^W\//);
    expect(application.body).toMatchObject({ version: 1, validators: [], lag: 0 });
    expect((await get(projector, '/v1/applications/none', token)).status).toBe(404);
    const explained = await get(projector, '/v1/quotas/llm%2Facme%2Fchat/explain', token);
    expect(explained.body).toMatchObject({
      limits: [
        {
          resource: 'tokens',
          limit: { rate: { amount: 40_000, per: '1s' } },
          decidedBy: 'haircut',
          layers: [
            { layer: 'base', streamVersion: 3 },
            { layer: 'haircut', streamVersion: 5, haircut: { tierPolicyVersion: 1 } },
          ],
          sentence: expect.stringMatching(
            /^limited to 40,000 tokens\/s because project acme\/assistant is at 112 % of its budget/,
          ) as string,
        },
      ],
      lag: 0,
    });
    expect(await withoutReading(databaseUrl, () => get(projector, '/v1/quotas', token))).toBe(500);
    const missing = await get(projector, '/v1/quotas/llm%2Fgone', token);
    expect(missing).toMatchObject({ status: 404, body: { code: 'QUOTA_UNKNOWN', lag: 0 } });
  });

  it('answers the audit, commands, proposals and budgets', async () => {
    const projector = await start(stand, databaseUrl);
    await ready(projector);
    const token = await stand.token(['auditor']);
    const audit = async (query: string) =>
      (await get(projector, `/v1/audit?${query}`, token)).body as {
        entries: { type: string; kind: string; commandId: string; hash: string | null }[];
        next: string | null;
      };
    const first = await audit('stream=application:llm&limit=6');
    const second = await audit(`stream=application:llm&after=${first.next!}`);
    const entries = [...first.entries, ...second.entries];
    expect(entries.map(({ type }) => type)).toEqual([
      'ApplicationRegistered',
      'QuotaCreated',
      'QuotaCreated',
      'QuotaCreated',
      'TestCommand',
      'HaircutApplied',
      'QuotaOverridden',
      'ProposalOpened',
      'QuotaCreated',
      'QuotaDeleted',
    ]);
    expect(entries[0]!.hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await audit('quotaId=llm/gone&order=desc')).entries[0]!.type).toBe('QuotaDeleted');
    expect((await audit('actor=user:alice&kind=refusal')).entries).toHaveLength(2);
    expect((await audit('actor=robot:alice')).entries).toEqual([]);
    const refused = entries[4]!;
    expect(refused).toMatchObject({ kind: 'refusal', code: 'PARENT_LIMIT_EXCEEDED' });
    const command = await get(projector, `/v1/commands/${refused.commandId}`, token);
    expect(command.body).toMatchObject({ status: 'refused', code: 'PARENT_LIMIT_EXCEEDED' });
    expect((await get(projector, '/v1/commands/none', token)).status).toBe(404);
    const looks = async (application: string) =>
      (
        await get(
          projector,
          `/v1/commands/${refused.commandId}`,
          await stand.token(['auditor'], { application }),
        )
      ).status;
    expect([await looks('llm'), await looks('moka')]).toEqual([200, 404]);
    const proposals = await get(projector, '/v1/proposals?application=llm&status=open', token);
    expect(proposals.body).toMatchObject({ proposals: [{ proposalId: 'llm-p8' }], lag: 0 });
    const proposal = await get(projector, '/v1/proposals/llm-p8', token);
    expect(proposal.body).toMatchObject({ proposalId: 'llm-p8', quotaId: 'llm/acme/chat', lag: 0 });
    const elsewhere = await stand.token([], { kind: 'service', application: 'moka' });
    for (const asked of ['none', 'llm-p8']) {
      const unseen = await get(projector, `/v1/proposals/${asked}`, elsewhere);
      expect(unseen).toMatchObject({ status: 404, body: { code: 'PROPOSAL_UNKNOWN' } });
    }
    const budgets = await get(projector, '/v1/budgets?organization=acme', token);
    const [quota] = ((await get(projector, '/v1/quotas', token)).body as { quotas: object[] })
      .quotas;
    const audited = await get(projector, '/v1/audit?limit=1', await stand.token(['auditor']));
    const { quotaId } = quota as { quotaId: string };
    const asked = `/v1/quotas/${encodeURIComponent(quotaId)}/explain`;
    const explained = (await get(projector, asked, token)).body as { limits: object[] };
    for (const [row, fields] of [
      [(audited.body as { entries: object[] }).entries[0], auditFields],
      [explained.limits[0], explainedFields],
      [quota, quotaFields],
      [(proposals.body as { proposals: object[] }).proposals[0], proposalFields],
      [(budgets.body as { budgets: object[] }).budgets[0], budgetFields],
    ] as const) {
      expect(Object.keys(row ?? {})).toEqual(Object.keys(fields));
    }
    expect(budgets.body).toMatchObject({
      budgets: [{ amount: '100.000000000001', problem: { code: 'PRICE_BOOK_UNKNOWN' } }],
    });
  });

  it('lets nobody see what is not theirs', async () => {
    const projector = await start(stand, databaseUrl);
    await ready(projector);
    const status = async (path: string, token: string) =>
      (await get(projector, path, token)).status;
    expect(await status('/v1/quotas', 'none')).toBe(401);
    expect(await status('/v1/quotas', await stand.token(['host']))).toBe(403);
    expect(await status('/v1/audit', await stand.token(['operator']))).toBe(403);
    const service = await stand.token([], { kind: 'service', application: 'llm' });
    expect(await status('/v1/quotas/moka%2Facme', service)).toBe(403);
    expect(await status('/v1/quotas?application=moka', service)).toBe(403);
    expect(await status('/v1/budgets', await stand.token(['operator']))).toBe(200);
    const restricted = await stand.token(['operator'], { application: 'llm' });
    expect(await status('/v1/budgets?organization=acme', restricted)).toBe(403);
    const far = JSON.stringify(['2026-03-02T10:00:00Z', 'quota.events', 2 ** 31, '0']);
    const after = Buffer.from(far).toString('base64url');
    expect(await status(`/v1/audit?after=${after}`, await stand.token(['auditor']))).toBe(422);
    const operator = await stand.token(['operator']);
    for (const path of [
      '/v1/quotas?after=rubbish',
      '/v1/quotas/llm%2Facme?foo=1',
      '/v1/quotas/llm%2Facme/explain?asOf=2026-01-01',
      '/v1/quotas/llm%2Facme/versions?after=rubbish',
      '/v1/quotas/llm%2Facme/versions/1?foo=1',
      '/v1/proposals?after=rubbish',
      '/v1/budgets?after=rubbish',
      '/v1/commands/none?foo=1',
    ]) {
      expect([path, await status(path, operator)]).toEqual([path, 422]);
    }
    const own = await get(projector, '/v1/quotas', service);
    expect(own.body).toMatchObject({ quotas: [{ application: 'llm' }, {}, {}], next: null });
    const wrong = await get(projector, '/v1/quotas?limit=0&colour=red', service);
    expect(wrong).toMatchObject({ status: 422, body: { code: 'PARAMETER_INVALID' } });
  });

  it('brings every column of every row back from the log alone', async () => {
    const one = await start(stand, databaseUrl);
    await ready(one);
    // Written in many small batches, and by two owners one after the other.
    await tellStory(stand, 'tidb');
    await stand.append(
      stand.stamper.stamp('application:llm', [
        changed('llm/acme', 2n, contentOf({ project: 'acme/b', limits: [tokensPerSecond(9n)] })),
      ]),
    );
    await one.stop();
    running.splice(running.indexOf(one), 1);
    const two = await start(stand, databaseUrl);
    await stand.append(stand.stamper.refuse('application:tidb', 'QUOTA_UNKNOWN'));
    await ready(two);
    const token = await stand.token(['auditor']);
    await eventually(async () => {
      expect((await get(two, '/v1/audit?limit=1', token)).body).toMatchObject({ lag: 0 });
    });
    await two.stop();
    running.splice(running.indexOf(two), 1);
    const again = await freshDatabase();
    const rebuilt = await start(stand, again);
    await ready(rebuilt);
    const [before, after] = [await dumpOf(databaseUrl), await dumpOf(again)];
    expect(before['audit_log']!.length).toBe(3 * 10 + 3);
    expect(after).toEqual(before);
  });

  it('goes on when the database drops its connections', async () => {
    const projector = await start(stand, databaseUrl);
    await ready(projector);
    const admin = new pg.Client({ connectionString: databaseUrl });
    await admin.connect();
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await tellStory(stand, 'late');
    await eventually(async () => {
      const { rows } = await admin.query(
        `SELECT 1 FROM quotas_1.quotas WHERE application = 'late'`,
      );
      expect(rows).toHaveLength(3);
    });
    await admin.end();
  });

  it('lists proposals and rollouts by number, page by page', async () => {
    const projector = await start(stand, databaseUrl);
    const { stamper } = stand;
    const stream = 'application:order';
    const names = ['a', 'b', 'c'];
    await stand.append(
      stamper.stamp(stream, [registered]),
      ...names.map((name) => stamper.stamp(stream, [created(`order/${name}`, contentOf())])),
      ...names.map((name, at) =>
        stamper.stamp(stream, [
          proposed(`order-p${9 + at}`, `order/${name}`, 2n, tokensPerSecond(1n)),
        ]),
      ),
    );
    await ready(projector);
    const token = await stand.token(['operator']);
    const page = async (after: string) => {
      const { body } = await get(
        projector,
        `/v1/proposals?application=order&limit=2${after}`,
        token,
      );
      const { proposals, next } = body as { proposals: { proposalId: string }[]; next: string };
      return { ids: proposals.map(({ proposalId }) => proposalId), next };
    };
    await eventually(async () => {
      expect(await page('')).toEqual({ ids: ['order-p9', 'order-p10'], next: 'order-p10' });
      expect(await page('&after=order-p10')).toEqual({ ids: ['order-p11'], next: null });
    });
    await stand.append(
      stamper.stamp(stream, [rolloutStarted('order-r8', 9n, 'order/a')]),
      stamper.stamp(stream, [rolloutPaused('order-r8')]),
      stamper.stamp(stream, [rolloutStarted('order-r10', 9n, 'order/b')]),
    );
    const asked = async (path: string) => (await get(projector, `/v1/${path}`, token)).body;
    const first = { rolloutId: 'order-r8', quotas: ['order/a'], status: 'paused', stage: 0 };
    await eventually(async () => {
      const listed = (await asked('rollouts?application=order')) as { rollouts: object[] };
      expect(listed.rollouts).toMatchObject([first, { rolloutId: 'order-r10', status: 'on' }]);
      expect(Object.keys(listed.rollouts[0] ?? {})).toEqual(Object.keys(rolloutFields));
    });
    expect(await asked('rollouts?quotaId=order/b&limit=1')).toMatchObject({
      rollouts: [{ rolloutId: 'order-r10' }],
      next: null,
    });
    expect(await asked('rollouts?application=order&after=order-r8&status=on')).toMatchObject({
      rollouts: [{ rolloutId: 'order-r10' }],
    });
    expect(await asked('rollouts/order-r8')).toMatchObject(first);
    expect(await asked('rollouts/order-r9')).toMatchObject({ code: 'ROLLOUT_UNKNOWN' });
    expect(await asked('quotas/order%2Fa/explain')).toMatchObject({
      rollout: {
        rolloutId: 'order-r8',
        stage: 0,
        stages: 2,
        adds: { selector: { hosts: ['h1'] } },
      },
    });
    expect(await asked('quotas/order%2Fc/explain')).toMatchObject({ rollout: null });
    const elsewhere = await stand.token([], { kind: 'service', application: 'moka' });
    const unseen = await get(projector, '/v1/rollouts/order-r8', elsewhere);
    expect(unseen).toMatchObject({ status: 404, body: { code: 'ROLLOUT_UNKNOWN' } });
  });
});

describe('texts that no index holds', () => {
  it('stop no partition, and are found by their whole text', async () => {
    const stand = await openStand();
    try {
      const { stamper } = stand;
      const stream = 'application:llm';
      const quotaId = `llm/${noise(6_001)}`;
      const actor = { ...alice, issuer: noise(8_000), subject: noise(8_000) };
      const refused = stamper.refuse(stream, 'QUOTA_UNKNOWN', { actor });
      const long = refused.outcome!.value;
      const value = { ...long, quotaId, commandId: noise(4_000), stream: noise(3_000) };
      await stand.append(
        { ...refused, outcome: { type: 'CommandOutcome', value } },
        stamper.stamp(stream, [registered], { actor }),
        stamper.stamp(stream, [created('llm/next', contentOf())]),
      );
      const databaseUrl = await freshDatabase();
      const projector = await start(stand, databaseUrl);
      await ready(projector);
      const token = await stand.token(['auditor']);
      const { body } = await get(projector, '/v1/audit', token);
      const { entries, lag } = body as { entries: Record<string, unknown>[]; lag: number };
      expect(lag).toBe(0);
      expect(entries.map(({ type }) => type)).toEqual([
        'TestCommand',
        'ApplicationRegistered',
        'QuotaCreated',
      ]);
      expect(entries[0]).toMatchObject({
        quotaId: null,
        body: { quotaId, stream: value.stream, commandId: value.commandId, actor },
      });
      expect(entries[1]).toMatchObject({ body: { actor } });
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      const { rows } = await client.query('SELECT 1 FROM audit_1.commands WHERE command_id = $1', [
        indexedText(value.commandId),
      ]);
      await client.end();
      expect(rows).toHaveLength(1);
    } finally {
      await Promise.all(running.splice(0).map((projector) => projector.stop()));
      await stand.close();
    }
  });
});

/** Text that an index cannot compress. */
function noise(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length);
}

describe('two projectors', () => {
  it('share the partitions, and one ends while the other goes on', async () => {
    const stand = await openStand();
    try {
      const databaseUrl = await freshDatabase();
      const [one, two] = [await start(stand, databaseUrl), await start(stand, databaseUrl)];
      const telling = (async () => {
        for (const application of ['a', 'b', 'c', 'd', 'e', 'f'])
          await tellStory(stand, application);
      })();
      await ready(one);
      await one.stop();
      running.splice(running.indexOf(one), 1);
      await telling;
      const token = await stand.token(['auditor']);
      await eventually(async () => {
        expect((await get(two, '/v1/audit?limit=1', token)).body).toMatchObject({ lag: 0 });
      });
      const dump = await dumpOf(databaseUrl);
      expect(dump['audit_log']).toHaveLength(60);
      await two.stop();
      running.splice(running.indexOf(two), 1);
      const again = await freshDatabase();
      await ready(await start(stand, again));
      expect(await dumpOf(again)).toEqual(dump);
    } finally {
      await Promise.all(running.splice(0).map((projector) => projector.stop()));
      await stand.close();
    }
  });
});

describe('an event that cannot be read', () => {
  it('stops its partition, says so, and stops no other', async () => {
    const stand = await openStand();
    try {
      const databaseUrl = await freshDatabase();
      await tellStory(stand, 'llm');
      const { partition } = stand.stamper.stamp('application:llm', []);
      const topic = inNamespace('quota.events', stand.namespace);
      const value = Buffer.from('no event at all');
      await stand.appendRecords(partition, [{ topic, partition, key: Buffer.from('x'), value }]);
      const projector = await start(stand, databaseUrl);
      const told = new RegExp(
        `${topic}\\[${partition}\\] stopped at offset \\d+ .EVENT_UNREADABLE`,
      );
      const stopped = async () => {
        const response = await fetch(`${projector.url}/readyz`);
        expect(response.status).toBe(503);
        expect(JSON.stringify(await response.json())).toMatch(told);
      };
      await eventually(stopped);
      const metrics = await (await fetch(`${projector.url}/metrics`)).text();
      expect(metrics).toMatch(/prorata_projector_stopped_offset\{.*EVENT_UNREADABLE.*\} \d+/);
      const others = ['a', 'b', 'c', 'd', 'e', 'f'].filter(
        (id) => stand.stamper.stamp(`application:${id}`, []).partition !== partition,
      );
      await tellStory(stand, others[0]!);
      const token = await stand.token(['admin']);
      await eventually(async () => {
        const { body } = await get(projector, `/v1/quotas?application=${others[0]!}`, token);
        expect((body as { quotas: object[] }).quotas).toHaveLength(3);
      });
      // What stands before it is there, and what is behind it shows as lag.
      const before = await get(projector, '/v1/quotas?application=llm', token);
      expect(before.body).toMatchObject({ quotas: [{}, {}, {}] });
      expect((before.body as { lag: number }).lag).toBeGreaterThanOrEqual(1);
      await stopped();
    } finally {
      await Promise.all(running.splice(0).map((projector) => projector.stop()));
      await stand.close();
    }
  });
});
