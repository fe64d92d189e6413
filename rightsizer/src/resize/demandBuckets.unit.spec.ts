import type { ResourceLimit } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { DemandStep } from '../rollups/rolledUsage.ts';
import { demandBuckets } from './demandBuckets.ts';

const million = 1_000_000n;
const step = (start: bigint, wanted: bigint, changes: Partial<DemandStep> = {}): DemandStep => ({
  quotaId: 'llm/chat',
  resource: 'tokens',
  start: start * million,
  wantedMicros: wanted * million,
  refusedMicros: 0n,
  queuedMicros: 0n,
  peak: 0n,
  ...changes,
});
const limit = (kind: ResourceLimit['kind'], perMicros: bigint | null): ResourceLimit => ({
  resource: 'tokens',
  kind,
  bound: 'amount',
  amount: 1n,
  perMicros,
  burst: null,
  guaranteed: null,
  window: null,
  zone: null,
});

describe('demandBuckets', () => {
  it('counts what was refused as wanted, per the time of the limit, rounded up', () => {
    const steps = [
      step(0n, 0n, {
        wantedMicros: 105n * million + 1n,
        refusedMicros: 5n * million + 1n,
        peak: 40n,
      }),
    ];
    expect(demandBuckets(steps, limit('rate', million), 10n * million)).toEqual([
      { start: 0n, demand: 11n, peak: 40n, refused: 6n, queued: 0n },
    ]);
  });

  it('sums over steps where the limit is for longer, gaps counting as nothing', () => {
    const steps = [step(0n, 7n), step(10n, 10n), step(40n, 30n), step(60n, 2n)];
    const demands = demandBuckets(steps, limit('rate', 60n * million), 10n * million);
    expect(demands.map(({ demand }) => demand)).toEqual([7n, 17n, 47n, 42n]);
    // The highest second says nothing about a minute.
    expect(demands.every(({ peak }) => peak === 0n)).toBe(true);
  });

  it('does not count twice what was queued and then let through', () => {
    const [bucket] = demandBuckets(
      [step(0n, 100n, { queuedMicros: 60n * million })],
      limit('rate', million),
      10n * million,
    );
    expect(bucket).toMatchObject({ demand: 10n, queued: 60n });
  });

  it('takes the highest at once for concurrency, and at most as much again for the refused', () => {
    const steps = [
      step(0n, 500n, { peak: 8n, refusedMicros: 3n * million }),
      step(10n, 500n, { peak: 8n, refusedMicros: 300n * million }),
    ];
    const demands = demandBuckets(steps, limit('concurrency', null), 10n * million);
    expect(demands.map(({ demand }) => demand)).toEqual([11n, 16n]);
  });
});
