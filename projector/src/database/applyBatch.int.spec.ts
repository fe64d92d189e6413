import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { freshTables } from '../../test/freshTables.ts';
import { applyBatch, isPassing, isUnstorable, readCheckpoint } from './applyBatch.ts';

const key = { projection: 'quotas', topic: 'quota.events', partition: 0 };
const range = { from: 0n, to: 5n };

describe('a batch', () => {
  const blockThread = (): Promise<void> => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    return Promise.resolve();
  };
  // The driver hears of the server's end between two queries, or only with the next one's answer.
  const stalls = [
    ['waited', () => sleep(600)],
    ['was stopped', blockThread],
  ] as const;
  it.each(stalls)(
    'whose process %s inside its transaction may be tried again',
    async (_, stall) => {
      const { pool } = await freshTables();
      try {
        await readCheckpoint(pool, key);
        const stalled = applyBatch(pool, key, range, async (client) => {
          await client.query(`SET LOCAL idle_in_transaction_session_timeout = '100ms'`);
          await stall();
          await client.query('SELECT 1');
        });
        const error: unknown = await stalled.catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(Error);
        expect(isPassing(error), String(error)).toBe(true);
        expect(await readCheckpoint(pool, key)).toBe(0n);
        await applyBatch(pool, key, range, () => Promise.resolve());
        expect(await readCheckpoint(pool, key)).toBe(5n);
      } finally {
        await pool.end();
      }
    },
  );
});

describe('an error of PostgreSQL', () => {
  const coded = (code: string): Error => Object.assign(new Error('told'), { code });

  it('passes where the server ended an idle transaction, and only there in its class', () => {
    expect(isPassing(coded('25P03'))).toBe(true);
    expect(isPassing(coded('25P02'))).toBe(false);
    expect(isUnstorable(coded('25P03'))).toBe(false);
    expect(isUnstorable(coded('54000'))).toBe(true);
  });
});
