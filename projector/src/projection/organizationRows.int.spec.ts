import { hashOf } from '@prorata/schemas';
import { freshDatabase } from '@prorata/test-kit';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStamper } from '../../test/eventStamper.ts';
import { organizationEnds, organizationLives } from '../../test/organizationStory.ts';
import { applyMigrations } from '../database/applyMigrations.ts';
import { openPool } from '../database/openPool.ts';
import { EventsProjection } from './eventsProjection.ts';
import type { DecodedRecord } from './projection.ts';

let pool: Pool;

beforeEach(async () => {
  pool = openPool(await freshDatabase(), () => undefined);
  await applyMigrations(pool);
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

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `SELECT * FROM ${table} ORDER BY 1, 2, 3`,
  );
  return rows;
}

async function write(size: number, until = Infinity): Promise<void> {
  const projection = new EventsProjection('quota.events', 0);
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

  it('go when it ends, however events were batched', async () => {
    await write(1);
    const one = await Promise.all(tables.map(rowsOf));
    expect(one.map((rows) => rows.length)).toEqual([1, 0, 0, 0, 1, 2]);
    for (const table of tables) await pool.query(`TRUNCATE ${table}`);
    await pool.query('TRUNCATE audit_log');
    await write(100);
    expect(await Promise.all(tables.map(rowsOf))).toEqual(one);
  });
});
