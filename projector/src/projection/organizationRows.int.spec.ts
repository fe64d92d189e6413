import { hashOf } from '@prorata/schemas';
import { createLogger, createService } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStamper } from '../../test/eventStamper.ts';
import { freshTables } from '../../test/freshTables.ts';
import { organizationEnds, organizationLives } from '../../test/organizationStory.ts';
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
  }));
}

const tables = ['organizations', 'teams', 'projects', 'budgets', 'allocations', 'budget_cuts'];

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
    routes: (router) => {
      listingRoutes(router, { pool, lag: { measure: () => Promise.resolve(0n) } } as never);
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

async function write(size: number, until = Infinity): Promise<void> {
  const projection = new EventsProjection(0);
  const all = records().slice(0, until);
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

  it('are of columns that their tables have, by their keys', () => {
    for (const { table, fields, key, within } of listings) {
      const found = quotaTables.find(({ name }) => name === table);
      expect(Object.keys(fields).sort()).toEqual(Object.keys(found?.columns ?? {}).sort());
      expect([...(within === null ? [] : [within]), ...key]).toEqual(found?.key);
    }
  });

  it('go when it ends, however events were batched', async () => {
    await write(1);
    const one = await Promise.all(tables.map(rowsOf));
    expect(one.map((rows) => rows.length)).toEqual([1, 0, 0, 0, 1, 2]);
    for (const table of tables) await pool.query(`TRUNCATE ${table}`);
    await write(100);
    expect(await Promise.all(tables.map(rowsOf))).toEqual(one);
  });
});
