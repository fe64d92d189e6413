import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UsageRecorded } from '@prorata/schemas';
import { cutAtHours } from './cutAtHours.ts';

const HOUR = 3_600_000_000n;
const usage = (windowStart: bigint, windowEnd: bigint, used: bigint): UsageRecorded => ({
  hostId: 'import',
  bootId: 'file',
  sequence: 16_384n,
  application: 'moka',
  quotaId: 'moka/ads',
  project: null,
  zone: null,
  windowStart,
  windowEnd,
  resources: [
    { resource: 'vcore', used, refused: used / 3n, queued: 0n, peak: 7n, trialRefused: 0n },
  ],
});

describe('cutAtHours', () => {
  it('leaves an hour and less as it is, also across the turn of one', () => {
    const whole = usage(HOUR / 2n, HOUR / 2n + HOUR, 10n);
    expect(cutAtHours(whole)).toEqual([whole]);
  });

  it('cuts at whole hours, and gives each piece what is due in it', () => {
    const pieces = cutAtHours(usage(HOUR / 2n, 3n * HOUR, 10n)) ?? [];
    expect(pieces.map(({ windowStart, windowEnd }) => [windowStart, windowEnd])).toEqual([
      [HOUR / 2n, HOUR],
      [HOUR, 2n * HOUR],
      [2n * HOUR, 3n * HOUR],
    ]);
    expect(pieces.map(({ resources }) => resources[0]?.used)).toEqual([2n, 4n, 4n]);
    expect(pieces.map(({ sequence }) => sequence)).toEqual([16_384n, 16_385n, 16_386n]);
    expect(pieces.every(({ resources }) => resources[0]?.peak === 7n)).toBe(true);
  });

  it('loses nothing, whatever the window and the amount', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 10n ** 15n),
        fc.bigInt(1n, 60n * HOUR),
        fc.bigInt(0n, 2n ** 62n),
        (start, length, used) => {
          const pieces = cutAtHours(usage(start, start + length, used)) ?? [];
          const sum = (of: 'used' | 'refused'): bigint =>
            pieces.reduce((total, piece) => total + (piece.resources[0]?.[of] ?? 0n), 0n);
          expect(sum('used')).toBe(used);
          expect(sum('refused')).toBe(used / 3n);
          let at = start;
          for (const piece of pieces) {
            expect(piece.windowStart).toBe(at);
            expect(piece.windowEnd - piece.windowStart).toBeLessThanOrEqual(HOUR);
            at = piece.windowEnd;
          }
          expect(at).toBe(start + length);
        },
      ),
    );
  });

  it('cuts no window of more than 400 days', () => {
    expect(cutAtHours(usage(0n, 9_600n * HOUR, 1n))).toBeNull();
    expect(cutAtHours(usage(0n, 9_599n * HOUR, 1n))).toHaveLength(9_599);
  });
});
