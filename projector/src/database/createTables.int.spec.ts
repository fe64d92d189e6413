import { describe, expect, it } from 'vitest';
import { freshTables } from '../../test/freshTables.ts';
import { projections } from '../generations/projections.ts';

describe('the tables of a projection', () => {
  it('have the columns that its rows are written with, in a schema of their own', async () => {
    const { pool } = await freshTables();
    try {
      for (const { name: projection, tables } of projections) {
        for (const { name, columns } of tables) {
          const { rows } = await pool.query<{ column_name: string }>(
            `SELECT column_name FROM information_schema.columns
             WHERE table_schema = $1 AND table_name = $2 AND is_generated = 'NEVER'`,
            [`${projection}_1`, name],
          );
          const found = rows.map((row) => row.column_name).sort();
          expect(found, name).toEqual(Object.keys(columns).sort());
        }
      }
    } finally {
      await pool.end();
    }
  });

  it('begin at the beginning of every partition', async () => {
    const { pool } = await freshTables(3);
    try {
      const { rows } = await pool.query(
        'SELECT topic, partition, next_offset FROM audit_1.projection_checkpoint ORDER BY 1, 2',
      );
      expect(rows).toHaveLength(2 * 3);
      expect(rows[5]).toEqual({ topic: 'quota.outcomes', partition: 2, next_offset: '0' });
    } finally {
      await pool.end();
    }
  });
});
