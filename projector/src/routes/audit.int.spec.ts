import { hashOf } from '@prorata/schemas';
import { createLogger, createService } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { EventDraft } from '@prorata/quota-model';
import type { Message, TreeStep } from '@prorata/schemas';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentOf, created, overridden, overrideEnded, registered } from '../../test/drafts.ts';
import { EventStamper, testStart } from '../../test/eventStamper.ts';
import { freshTables } from '../../test/freshTables.ts';
import { projections } from '../generations/projections.ts';
import { openPool } from '../database/openPool.ts';
import { searchPool } from '../database/searchPool.ts';
import { AuditProjection } from '../projection/auditProjection.ts';
import { EventsProjection } from '../projection/eventsProjection.ts';
import { OutcomesProjection } from '../projection/outcomesProjection.ts';
import type { Projection } from '../projection/projection.ts';
import { auditRoutes } from './auditRoutes.ts';
import { historyRoutes } from './historyRoutes.ts';
import { quotaRoutes } from './quotaRoutes.ts';

const STREAM = 'application:llm';
const noStep: TreeStep = {
  ...{ expectedVersion: null, create: null, change: null },
  ...{ move: null, delete: null, restore: null, resize: null },
};
const aboutNone = { quotaId: null, quotaVersion: null } as const;
const proposedSteps = (proposalId: string, steps: readonly TreeStep[]): EventDraft => ({
  type: 'TreeChangeProposed',
  data: { proposalId, place: 'llm', steps, origin: 'threshold', expiresAt: testStart },
  ...aboutNone,
});
const ended = (type: 'ProposalApproved' | 'ProposalRejected', proposalId: string): EventDraft => ({
  ...{ type, data: { proposalId } },
  ...aboutNone,
});

let pool: Pool;
let searching: Pool;
let databaseUrl: string;
beforeEach(async () => {
  ({ pool, databaseUrl } = await freshTables());
  searching = pool;
  await write();
});
afterEach(() => pool.end());

/** What came due carries who set it, as the writer stamps it. */
async function write(): Promise<void> {
  const stamper = new EventStamper(1);
  const removal = { ...noStep, delete: { quotaId: 'llm/a', children: 'refuse' as const } };
  const move = { ...noStep, move: { quotaId: 'llm/b', toQuotaId: 'llm/c' } };
  const events = [
    stamper.stamp(STREAM, [registered]),
    stamper.stamp(STREAM, [created('llm/a', contentOf())]),
    stamper.stamp(STREAM, [overridden('llm/a', 2n, [], testStart + 9_000_000n)]),
    stamper.stamp(STREAM, [overrideEnded('llm/a', 3n)], { timer: 'override:llm/a' }),
    stamper.stamp(STREAM, [proposedSteps('llm-p5', [removal, move])]),
    stamper.stamp(STREAM, [proposedSteps('llm-p6', [move])]),
    stamper.stamp(STREAM, [ended('ProposalRejected', 'llm-p5')]),
    stamper.stamp(STREAM, [ended('ProposalApproved', 'llm-p6')]),
  ].flatMap((stamped) => stamped.events);
  await project([new AuditProjection('quota.events', 0)], events);
}

async function project(projections: readonly Projection[], messages: readonly Message[]) {
  const records = messages.map((message, index) => ({
    offset: BigInt(index),
    message,
    hash: hashOf(message).toString('hex'),
    loggedAtMs: 0,
  }));
  const client = await pool.connect();
  try {
    for (const each of projections) await each.project(records).changes(client);
  } finally {
    client.release();
  }
}

interface Entry {
  readonly type: string;
  readonly kind: string;
  readonly reason: string;
  readonly cause: string;
  readonly streamVersion: number;
}

/** The answer to somebody who reaches so far. */
async function ask(query: string, reach: Reach = 'everywhere') {
  return (await answered(`audit?${query}`, reach)) as {
    entries: readonly Entry[];
    next: string | null;
  };
}

async function answered(question: string, reach: Reach): Promise<unknown> {
  const service = createService({
    name: 'projector',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger: createLogger('test', 'silent'),
    access: {
      handler: (request, _response, next) => {
        request.reach = reach;
        next();
      },
      assertCovers: () => undefined,
    },
    ready: () => [],
    patience: { lastAnswersMs: 0 },
    routes: (router) => {
      const models = {
        pool,
        searches: searchPool(searching),
        lag: { measure: () => Promise.resolve(0n) },
      } as never;
      auditRoutes(router, models);
      historyRoutes(router, models);
      quotaRoutes(router, models);
    },
  });
  const { url } = await service.listen();
  try {
    const answer = await fetch(`${url}/v1/${question}`);
    return await answer.json();
  } finally {
    await service.close();
  }
}

const versionsOf = ({ entries }: { readonly entries: readonly Entry[] }) =>
  entries.map(({ streamVersion }) => streamVersion);

describe('the audit log of a quota', () => {
  it('says of what came due by itself that a timer caused it, and who had set it', async () => {
    const { entries } = await ask('quotaId=llm/a');
    const told = new Map(entries.map((entry) => [entry.type, entry]));
    expect(told.get('QuotaOverridden')).toMatchObject({ cause: 'command', timer: null });
    expect(told.get('QuotaOverrideEnded')).toMatchObject({
      cause: 'timer',
      timer: 'override:llm/a',
      actor: { subject: 'alice' },
    });
  });

  it('tells of every proposal whose steps name it, and of what became of it', async () => {
    expect(versionsOf(await ask('quotaId=llm/a'))).toEqual([2, 3, 4, 5, 7]);
    expect(versionsOf(await ask('quotaId=llm/c'))).toEqual([5, 6, 7, 8]);
    expect(versionsOf(await ask('quotaId=llm/c&kind=refusal'))).toEqual([]);
    expect(versionsOf(await ask('quotaId=llm/other'))).toEqual([]);
  });

  it('is one list in its order, page by page', async () => {
    const versions: number[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page = await ask(`quotaId=llm/a&order=desc&limit=2&after=${after}`);
      versions.push(...versionsOf(page));
      after = page.next;
    }
    expect(versions).toEqual([7, 5, 4, 3, 2]);
  });

  it('tells who may see a part alone nothing of proposals that reach beyond it', async () => {
    expect(versionsOf(await ask('quotaId=llm/a', ['llm/a']))).toEqual([2, 3, 4]);
    expect(versionsOf(await ask('quotaId=llm/a', ['llm']))).toEqual([2, 3, 4, 5, 7]);
    expect(versionsOf(await ask('quotaId=llm/a', ['moka']))).toEqual([]);
  });

  it('is told as its history to who may read the quota, proposals by the same rule', async () => {
    const history = async (reach: Reach): Promise<number[]> => {
      const answer = await answered('quotas/llm%2Fa/history?order=asc', reach);
      return (answer as { events: Entry[] }).events.map(({ streamVersion }) => streamVersion);
    };
    expect(await history(['llm/a'])).toEqual([2, 3, 4]);
    expect(await history(['llm'])).toEqual([2, 3, 4, 5, 7]);
    expect(await history('everywhere')).toEqual([2, 3, 4, 5, 7]);
  });
});

describe('a search in the audit log', () => {
  const MOKA = 'application:moka';
  const second = (seconds: number) => testStart + BigInt(seconds) * 1_000_000n;
  let commandId: string;
  beforeEach(async () => {
    const stamper = new EventStamper(1);
    const bob = { kind: 'robot', issuer: 'https://test.prorata', subject: 'bob' } as const;
    const told = [
      stamper.stamp(MOKA, [registered], { reason: 'the first', at: second(1) }),
      stamper.stamp(MOKA, [created('moka/a', contentOf({ project: 'acme/p' }))], {
        reason: 'For INC-2041: the Reporting cluster (eu/west) moves',
        at: second(2),
      }),
      stamper.stamp(MOKA, [created('moka/a/b', contentOf())], {
        reason: "quotas of INC-2041 don't fit",
        at: second(3),
        actor: bob,
      }),
      stamper.stamp(MOKA, [created('moka/ab', contentOf())], { reason: 'quota', at: second(4) }),
      stamper.refuse(MOKA, 'QUOTA_UNKNOWN', { at: second(5), actor: bob }),
      stamper.refuse(MOKA, 'VERSION_MISMATCH', { at: second(6) }),
    ];
    commandId = told[2]!.outcome!.value.commandId;
    const events = told.flatMap((stamped) => stamped.events);
    await pool.query('TRUNCATE audit_log');
    await project([new AuditProjection('quota.events', 0), new EventsProjection(0)], events);
    const refused = told.slice(4).flatMap(({ outcome }) => outcome ?? []);
    await project([new OutcomesProjection('quota.outcomes', 0)], refused);
  });

  /** By the place in the story, from 1; the last of the refusals is 6. */
  async function found(query: string, reach: Reach = 'everywhere'): Promise<readonly number[]> {
    const { entries } = (await answered(`audit?${query}&order=asc`, reach)) as {
      entries: readonly { decidedAt: string }[];
    };
    return entries.map(
      ({ decidedAt }) => (Date.parse(decidedAt) - Number(testStart / 1_000n)) / 1_000,
    );
  }

  it('finds words of reasons, whatever stands between them, and beginnings of words', async () => {
    const byWords = (words: string) => found(`words=${encodeURIComponent(words)}`);
    expect(await byWords('inc-2041')).toEqual([2, 3]);
    expect(await byWords('2041 inc')).toEqual([2, 3]);
    expect(await byWords('reporting')).toEqual([2]);
    expect(await byWords('EU')).toEqual([2]);
    expect(await byWords('west eu/west')).toEqual([2]);
    expect(await byWords('quota')).toEqual([4]);
    expect(await byWords('quot*')).toEqual([3, 4]);
    expect(await byWords('inc 20*')).toEqual([2, 3]);
    expect(await byWords('quot* inc')).toEqual([3]);
    expect(await byWords("'in' | 'the' & !<->")).toEqual([]);
    expect(await byWords("don't")).toEqual([3]);
    expect(await byWords('nowhere')).toEqual([]);
  });

  it('narrows by every filter, and by several at once', async () => {
    const at = (seconds: number) => new Date(Number(second(seconds) / 1_000n)).toISOString();
    expect(await found('type=ApplicationRegistered')).toEqual([1]);
    expect(await found('type=QuotaCreated,ApplicationRegistered')).toEqual([1, 2, 3, 4]);
    expect(await found('code=QUOTA_UNKNOWN')).toEqual([5]);
    expect(await found('code=QUOTA_UNKNOWN,VERSION_MISMATCH&actor=robot:bob')).toEqual([5]);
    expect(await found(`commandId=${commandId}`)).toEqual([3]);
    expect(await found('within=moka/a')).toEqual([2, 3]);
    expect(await found('within=moka')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await found('within=moka/a&actor=bob')).toEqual([3]);
    expect(await found('project=acme/p')).toEqual([2, 3]);
    expect(await found('project=acme/p&quotaId=moka/a/b')).toEqual([3]);
    expect(await found('project=acme/p&within=moka/ab')).toEqual([]);
    expect(await found('project=acme/other')).toEqual([]);
    expect(await found(`from=${at(2)}&until=${at(5)}`)).toEqual([2, 3, 4]);
    expect(await found(`from=${at(2)}&until=${at(5)}&words=2041&actor=alice`)).toEqual([2]);
    expect(await found('words=2041', ['moka/a/b'])).toEqual([3]);
    expect(await found('words=2041', ['llm'])).toEqual([]);
  });

  it('says what is wrong with what was asked', async () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['words=%20-%2B*', 'words'],
      [`words=${'a '.repeat(17)}`, 'words'],
      [`words=${'a'.repeat(257)}`, 'words'],
      ['type=,', 'type'],
      ['from=yesterday', 'from'],
      ['project=acme', 'project'],
      ['within=/', 'within'],
      ['word=a', 'word'],
    ];
    for (const [query, name] of wrong) {
      const problem = await answered(`audit?${query}`, 'everywhere');
      expect(problem, query).toMatchObject({
        code: 'PARAMETER_INVALID',
        violations: [{ path: name }],
      });
    }
    expect(await answered('audit?within=moka/a', ['llm'])).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('of words waits for tables that have them, and of what has too many quotas says so', async () => {
    await pool.query('ALTER TABLE audit_log DROP COLUMN words');
    expect(await found('code=QUOTA_UNKNOWN')).toEqual([5]);
    expect(await answered('audit?words=inc', 'everywhere')).toMatchObject({
      code: 'READ_MODELS_REBUILDING',
    });
    await pool.query(
      `INSERT INTO quotas SELECT (jsonb_populate_record(q, jsonb_build_object('quota_id', 'moka/x' || n))).*
       FROM quotas AS q, generate_series(1, 1000) AS n WHERE q.quota_id = 'moka/a'`,
    );
    expect(await answered('audit?project=acme/p', 'everywhere')).toMatchObject({
      code: 'SEARCH_TOO_WIDE',
    });
    expect(await found('project=acme/p&within=moka/a')).toEqual([2, 3]);
  });
});

describe('searches that are too dear', () => {
  it('end with a code of their own, and keep nobody from asking for one thing', async () => {
    const bounds = { connectionsMax: 2, statementTimeoutMs: 600, connectTimeoutMs: 200 };
    const schemas = projections.map(({ name }) => `${name}_1`);
    searching = openPool(databaseUrl, () => undefined, { schemas, ...bounds });
    const blocking = await pool.connect();
    try {
      await blocking.query('BEGIN; LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE');
      const searches = Array.from({ length: 8 }, () => answered('audit', 'everywhere'));
      const beganMs = performance.now();
      expect(await answered('quotas/llm%2Fnone', 'everywhere')).toMatchObject({
        code: 'QUOTA_UNKNOWN',
      });
      expect(performance.now() - beganMs).toBeLessThan(600);
      const codes = (await Promise.all(searches)).map((each) => (each as { code: string }).code);
      expect(codes.sort()).toEqual([
        ...Array<string>(6).fill('SEARCHES_BUSY'),
        ...Array<string>(2).fill('SEARCH_TOO_WIDE'),
      ]);
    } finally {
      await blocking.query('ROLLBACK');
      blocking.release();
    }
    expect(await answered('audit', 'everywhere')).toHaveProperty('entries');
    await searching.end();
  });
});
