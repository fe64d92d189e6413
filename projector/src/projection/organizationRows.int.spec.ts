import { plainBook, plainPrice } from '@prorata/quota-model/testing';
import { hashOf } from '@prorata/schemas';
import { createLogger, createService } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registered } from '../../test/drafts.ts';
import { EventStamper } from '../../test/eventStamper.ts';
import { freshTables } from '../../test/freshTables.ts';
import { organizationEnds, organizationLives } from '../../test/organizationStory.ts';
import { budgetRoutes } from '../routes/budgetRoutes.ts';
import { listingRoutes } from '../routes/listingRoutes.ts';
import { listings, rowSchema } from '../routes/listings.ts';
import { quotaTables } from '../database/tables.ts';
import { EventsProjection } from './eventsProjection.ts';
import type { DecodedRecord } from './projection.ts';

let pool: Pool;

beforeEach(async () => {
  ({ pool } = await freshTables());
});
afterEach(() => pool.end());

function records(): DecodedRecord[] {
  const stamper = new EventStamper(1);
  const drafts = [...organizationLives, ...organizationEnds];
  return stamper.stamp('organization:acme', drafts).events.map((message, index) => ({
    offset: BigInt(index),
    message,
    hash: hashOf(message).toString('hex'),
    loggedAtMs: 0,
  }));
}

const tables = [
  ...['organizations', 'teams', 'projects', 'budgets', 'allocations', 'budget_cuts'],
  ...['credits', 'closed_periods', 'rehearsed_cuts'],
];

/** The routes over the tables, for somebody who reaches so far. */
async function serve(reach: Reach = 'everywhere') {
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
      const models = { pool, lag: { measure: () => Promise.resolve(0n) } } as never;
      listingRoutes(router, models);
      budgetRoutes(router, models);
    },
  });
  const { url } = await service.listen();
  return {
    close: () => service.close(),
    get: async (path: string) => {
      const answer = await fetch(`${url}${path}`);
      return {
        status: answer.status,
        body: (await answer.json()) as Record<string, unknown>,
      };
    },
  };
}

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT * FROM ${table} ORDER BY 1, 2, 3`,
  );
  return rows;
}

/** An application, a price book, a tier policy and an organization with a budget, each the first of its stream. */
function everyStream(): DecodedRecord[] {
  const stamper = new EventStamper(1);
  const ofNoQuota = { quotaId: null, quotaVersion: null } as const;
  const price = {
    application: 'llm',
    resource: 'tokens',
    amount: '0.01',
    perUnits: 1n,
    ...plainPrice,
  };
  const prices = [{ ...price, effectiveFrom: 1_772_440_000_000_000n }];
  const book = { ...plainBook, currency: 'USD', prices, version: 1n };
  const table = { steps: [], floorBasisPoints: [0, 0, 0, 0, 0], version: 1n };
  const events = [
    stamper.stamp('application:llm', [registered]),
    stamper.stamp('pricebook:list', [{ type: 'PriceBookDefined', data: book, ...ofNoQuota }]),
    stamper.stamp('tierpolicy:mild', [{ type: 'TierPolicyPublished', data: table, ...ofNoQuota }]),
    stamper.stamp('organization:acme', organizationLives),
  ];
  return events
    .flatMap((stamped) => stamped.events)
    .map((message, index) => ({ offset: BigInt(index), message, hash: null, loggedAtMs: 0 }));
}

async function write(size: number, until = Infinity, from = records()): Promise<void> {
  const projection = new EventsProjection(0);
  const all = from.slice(0, until);
  const client = await pool.connect();
  try {
    for (let at = 0; at < all.length; at += size) {
      const { changes, broken } = projection.project(all.slice(at, at + size));
      expect(broken).toBeNull();
      await changes(client);
    }
  } finally {
    client.release();
  }
}

describe('the rows of an organization', () => {
  it('show its teams, projects and budgets, and what its processes have come to', async () => {
    await write(5, organizationLives.length);
    expect(await rowsOf('organizations')).toMatchObject([
      { organization: 'acme', display_name: 'Acme' },
    ]);
    expect(await rowsOf('teams')).toMatchObject([{ team_id: 'data', parent: null }]);
    expect(await rowsOf('projects')).toMatchObject([{ project: 'acme/assistant', team: 'data' }]);
    expect(await rowsOf('allocations')).toMatchObject([
      {
        status: 'refused',
        code: 'ENTITLEMENT_EXCEEDED',
        holds: { allocation: '6', amount: '7', cost: '0.000000000007' },
        pending: null,
      },
    ]);
    expect(await rowsOf('budget_cuts')).toMatchObject([
      { application: 'llm', status: 'accepted', cut_id: '10', spend: '112.5' },
      { application: 'moka', status: 'waiting', overrun_basis_points: 1_249 },
    ]);
  });

  it('are listed page by page, each as the interface describes it, to whom they are in reach', async () => {
    await write(5, organizationLives.length);
    const { get, close } = await serve();
    try {
      for (const listing of listings) {
        const path = listing.path.replace(':organization', 'acme').replace(':application', 'llm');
        const whole = (await get(path)).body;
        const rows = whole[listing.member] as Record<string, unknown>[];
        const { required } = rowSchema(listing) as { required: string[] };
        for (const row of rows) expect(Object.keys(row)).toEqual(required);
        expect(whole).toMatchObject({ next: null, lag: 0 });
        const paged: unknown[] = [];
        for (let next: string | null = ''; next !== null;) {
          const { body } = await get(`${path}?limit=1&after=${next}`);
          paged.push(...(body[listing.member] as unknown[]));
          next = body['next'] as string | null;
        }
        expect(paged).toEqual(rows);
      }
      const cuts = (await get('/v1/organizations/acme/cuts')).body['cuts'];
      expect(cuts).toMatchObject([
        { application: 'llm', cutId: 10, status: 'accepted', spend: '112.5' },
        { application: 'moka', status: 'waiting', windowStart: '2026-03-02T08:26:40.000Z' },
      ]);
      const rehearsed = await get('/v1/organizations/acme/rehearsed-cuts');
      expect(rehearsed.body['rehearsedCuts']).toMatchObject([
        { budgetId: 'daily', project: 'acme/assistant', step: 1, quotas: 12, spend: '112.5' },
      ]);
      const credits = (await get('/v1/organizations/acme/credits')).body['credits'];
      expect(credits).toMatchObject([
        { creditId: 'outage', status: 'granted', project: 'acme/assistant', grantedVersion: 13 },
        { creditId: 'whole', project: null, amount: '25.000000000001' },
      ]);
      const periods = (await get('/v1/organizations/acme/periods')).body['periods'];
      expect(periods).toMatchObject([
        { priceBook: 'list', period: '2026-03', lines: 3, linesSha256: '07'.repeat(32) },
      ]);
      const teams = (await get('/v1/organizations/acme/teams')).body['teams'];
      expect(teams).toMatchObject([{ teamId: 'data', parent: null, owner: 'leads', version: 1 }]);
      expect((await get('/v1/organizations/acme/teams?after=x')).status).toBe(422);
      expect((await get('/v1/organizations/acme/teams?colour=red')).status).toBe(422);
    } finally {
      await close();
    }
  });

  it('are kept from whom they are out of reach of', async () => {
    await write(5, organizationLives.length);
    const { get, close } = await serve(['organization:other']);
    try {
      expect((await get('/v1/organizations')).body).toMatchObject({ organizations: [] });
      expect((await get('/v1/organizations/acme/cuts')).status).toBe(403);
      expect((await get('/v1/applications/llm/entitlements')).status).toBe(403);
    } finally {
      await close();
    }
  });

  it('are told one by one, and with those of other streams, as far as the reach goes', async () => {
    await write(5, Infinity, everyStream());
    const all = await serve();
    const acme = await serve(['organization:acme', 'llm/a']);
    const other = await serve(['organization:other', 'pricebook:list', 'moka']);
    const statuses = async (path: string) =>
      Promise.all([all, acme, other].map(async ({ get }) => (await get(path)).status));
    try {
      expect(await statuses('/v1/organizations/acme')).toEqual([200, 200, 403]);
      expect(await statuses('/v1/organizations/none')).toEqual([404, 403, 403]);
      expect(await statuses('/v1/organizations/acme/teams/data')).toEqual([200, 200, 403]);
      expect(await statuses('/v1/organizations/acme/teams/none')).toEqual([404, 404, 403]);
      expect((await all.get('/v1/organizations/acme/teams/data')).body).toMatchObject({
        ...{ organization: 'acme', teamId: 'data', owner: 'leads', version: 1, lag: 0 },
      });
      expect(
        (await all.get('/v1/organizations/acme/projects/acme%2Fassistant')).body,
      ).toMatchObject({
        ...{ project: 'acme/assistant', team: 'data' },
      });
      expect((await all.get('/v1/organizations/acme/projects/none')).body).toMatchObject({
        code: 'PROJECT_UNKNOWN',
      });
      expect(await statuses('/v1/budgets/acme/daily')).toEqual([200, 200, 403]);
      expect(await statuses('/v1/budgets/acme/none')).toEqual([404, 404, 403]);
      expect(await statuses('/v1/organizations/acme/credits/outage')).toEqual([200, 200, 403]);
      expect(await statuses('/v1/organizations/acme/credits/none')).toEqual([404, 404, 403]);
      expect(await statuses('/v1/price-books/list')).toEqual([200, 404, 200]);
      expect(await statuses('/v1/tier-policies/mild')).toEqual([200, 404, 404]);
      expect(await statuses('/v1/tier-policies/none')).toEqual([404, 404, 404]);
      expect((await all.get('/v1/price-books/list')).body).toMatchObject({
        ...{ priceBook: 'list', currency: 'USD', version: 1, lag: 0 },
        prices: [{ application: 'llm', amount: '0.01', basis: 'used', steps: [] }],
        ...{ timeZone: 'UTC', sharedCosts: [], idle: [] },
      });
      expect((await all.get('/v1/budgets/acme/daily')).body).toMatchObject({
        ...{ budgetId: 'daily', amount: '100.000000000001', problem: { detail: 'standard' } },
        ...{ mode: 'enforce', thresholds: [{ basis: 'actual', basisPoints: 8_000 }] },
        split: [{ application: 'llm', resource: 'tokens', basisPoints: 2_500 }],
        crossings: {
          windowStart: '2026-03-02T08:26:40.000Z',
          crossed: [{ basis: 'actual', basisPoints: 8_000, direction: 'up' }],
        },
        override: { until: '2026-03-02T09:50:00.000Z' },
      });
      expect((await all.get('/v1/tier-policies/none')).body).toMatchObject({
        code: 'TIER_POLICY_UNKNOWN',
      });
      const listed = async ({ get }: typeof all, path: string, member: string) =>
        ((await get(path)).body[member] as unknown[]).length;
      const counts = (path: string, member: string) =>
        Promise.all([all, acme, other].map((each) => listed(each, path, member)));
      expect(await counts('/v1/applications', 'applications')).toEqual([1, 1, 0]);
      expect(await counts('/v1/price-books', 'priceBooks')).toEqual([1, 0, 1]);
      expect(await counts('/v1/tier-policies', 'tierPolicies')).toEqual([1, 0, 0]);
    } finally {
      await Promise.all([all, acme, other].map(({ close }) => close()));
    }
  });

  it('are of columns that their tables have, by their keys', () => {
    for (const { table, fields, omits = [], key, within } of listings) {
      const found = quotaTables.find(({ name }) => name === table);
      expect([...Object.keys(fields), ...omits].sort()).toEqual(
        Object.keys(found?.columns ?? {}).sort(),
      );
      expect([...(within === null ? [] : [within]), ...key]).toEqual(found?.key);
    }
  });

  it('go when it ends, however events were batched', async () => {
    await write(1);
    const one = await Promise.all(tables.map(rowsOf));
    expect(one.map((rows) => rows.length)).toEqual([1, 0, 0, 0, 1, 2, 2, 1, 1]);
    expect(await rowsOf('credits')).toMatchObject([
      { credit_id: 'outage', status: 'withdrawn', granted_version: '13' },
      { credit_id: 'whole', status: 'granted' },
    ]);
    for (const table of tables) await pool.query(`TRUNCATE ${table}`);
    await write(100);
    expect(await Promise.all(tables.map(rowsOf))).toEqual(one);
  });
});
