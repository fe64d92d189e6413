import { hashOf } from '@prorata/schemas';
import { createLogger, createService } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { EventDraft } from '@prorata/quota-model';
import type { TreeStep } from '@prorata/schemas';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentOf, created, overridden, overrideEnded, registered } from '../../test/drafts.ts';
import { EventStamper, testStart } from '../../test/eventStamper.ts';
import { freshTables } from '../../test/freshTables.ts';
import { AuditProjection } from '../projection/auditProjection.ts';
import { auditRoutes } from './auditRoutes.ts';

const STREAM = 'application:llm';
const noStep: TreeStep = {
  ...{ expectedVersion: null, create: null, change: null },
  ...{ move: null, delete: null, restore: null },
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
beforeEach(async () => {
  ({ pool } = await freshTables());
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
  const records = events.map((message, index) => ({
    offset: BigInt(index),
    message,
    hash: hashOf(message).toString('hex'),
  }));
  const client = await pool.connect();
  try {
    await new AuditProjection('quota.events', 0).project(records).changes(client);
  } finally {
    client.release();
  }
}

interface Entry {
  readonly type: string;
  readonly cause: string;
  readonly streamVersion: number;
}

/** The answer to somebody who reaches so far. */
async function ask(query: string, reach: Reach = 'everywhere') {
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
    routes: (router) => {
      auditRoutes(router, { pool, lag: { measure: () => Promise.resolve(0n) } } as never);
    },
  });
  const { url } = await service.listen();
  try {
    const answer = await fetch(`${url}/v1/audit?${query}`);
    return (await answer.json()) as { entries: readonly Entry[]; next: string | null };
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
});
