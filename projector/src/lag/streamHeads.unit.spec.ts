import { describe, expect, it } from 'vitest';
import { StreamHeads } from './streamHeads.ts';

/** A table of heads that moves on by one with every look. */
function movingTable(start: bigint) {
  let version = start;
  const asked: string[][] = [];
  const query = (_sql: string, [streams]: readonly [string[]]) => {
    asked.push(streams);
    const rows = streams.map((stream) => ({ stream, stream_version: `${version}` }));
    version += 1n;
    return Promise.resolve({ rows });
  };
  return { pool: { query } as never, asked };
}

const moka = (version: bigint) => ({ stream: 'application:moka', version });
const tidb = (version: bigint) => ({ stream: 'application:tidb', version });

describe('a reader that waits for what it wrote', () => {
  it('goes on as soon as the tables show every stream that it names', async () => {
    const { pool, asked } = movingTable(5n);
    const heads = new StreamHeads(pool, ['quotas_1']);
    expect(await heads.reach([moka(7n), tidb(6n), moka(4n)])).toBe(true);
    expect(asked).toHaveLength(3);
  });

  it('asks nothing where nothing is waited for', async () => {
    const { pool, asked } = movingTable(0n);
    expect(await new StreamHeads(pool, ['quotas_1']).reach([moka(0n)])).toBe(true);
    expect(asked).toEqual([]);
  });

  it('waits for a bounded time', async () => {
    const query = () => Promise.resolve({ rows: [] });
    const heads = new StreamHeads({ query } as never, ['quotas_1'], { waitMs: 60 });
    const started = performance.now();
    expect(await heads.reach([moka(1n)])).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('shares its looks with all that wait, and lets no more wait than it holds', async () => {
    const { pool, asked } = movingTable(0n);
    const heads = new StreamHeads(pool, ['quotas_1'], { waitingMax: 2 });
    const answers = [heads.reach([moka(2n)]), heads.reach([moka(2n)]), heads.reach([moka(2n)])];
    expect(await Promise.all(answers)).toEqual([true, true, false]);
    expect(asked).toHaveLength(3);
  });

  it('fails with the table, and looks anew for who comes then', async () => {
    let isAway = true;
    const query = () => {
      if (isAway) return Promise.reject(new Error('away'));
      return Promise.resolve({ rows: [{ stream: 'application:moka', stream_version: '1' }] });
    };
    const heads = new StreamHeads({ query } as never, ['quotas_1']);
    await expect(heads.reach([moka(1n)])).rejects.toThrow('away');
    isAway = false;
    expect(await heads.reach([moka(1n)])).toBe(true);
  });
});
