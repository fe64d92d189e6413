import { freshDatabase } from '@prorata/test-kit';
import { describe, expect, it } from 'vitest';
import { applyMigrations, MigrationChanged } from './applyMigrations.ts';
import { openPool } from './openPool.ts';

describe('migrations', () => {
  it('are applied once, in order, whoever starts together', async () => {
    const url = await freshDatabase();
    const pools = [0, 1, 2].map(() => openPool(url, () => undefined));
    const applied = await Promise.all(pools.map(applyMigrations));
    const files = applied.flat();
    expect(files.length).toBeGreaterThan(0);
    expect(files).toEqual([...new Set(files)].sort());
    await Promise.all(pools.map((each) => each.end()));
  });

  it('that were applied with another text are refused', async () => {
    const pool = openPool(await freshDatabase(), () => undefined);
    await applyMigrations(pool);
    await pool.query(`UPDATE projector.schema_migration SET sha256 = 'x' WHERE name LIKE '0001%'`);
    await expect(applyMigrations(pool)).rejects.toThrow(MigrationChanged);
    await pool.end();
  });
});
