import * as fc from 'fast-check';
import type { BudgetWindow } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { windowAt } from './budgetWindows.ts';

const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n;
const calendar = (
  kind: 'calendar_day' | 'calendar_month',
  timeZone: string,
  count = 1,
): BudgetWindow => ({ kind, timeZone, lengthMicros: null, anchor: null, count });
const spoken = (window: BudgetWindow, now: string): string[] | null => {
  const found = windowAt(window, at(now));
  if (found === null) return null;
  return [found.start, found.end].map((time) => new Date(Number(time / 1_000n)).toISOString());
};

describe('windowAt', () => {
  const cases: readonly [string, BudgetWindow, string, string, string][] = [
    [
      'a day in UTC',
      calendar('calendar_day', 'UTC'),
      '2026-03-01T00:00:00Z',
      '2026-03-01T00:00:00.000Z',
      '2026-03-02T00:00:00.000Z',
    ],
    [
      'a month in UTC',
      calendar('calendar_month', 'UTC'),
      '2026-02-28T23:59:59Z',
      '2026-02-01T00:00:00.000Z',
      '2026-03-01T00:00:00.000Z',
    ],
    [
      'a year’s end',
      calendar('calendar_month', 'UTC'),
      '2026-12-31T12:00:00Z',
      '2026-12-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
    ],
    [
      '23 hours where clocks go forward',
      calendar('calendar_day', 'Europe/Berlin'),
      '2026-03-29T12:00:00Z',
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ],
    [
      '25 hours where they go back',
      calendar('calendar_day', 'America/New_York'),
      '2026-11-01T12:00:00Z',
      '2026-11-01T04:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
    ],
    [
      'a day that begins at one o’clock',
      calendar('calendar_day', 'Africa/Cairo'),
      '2026-04-24T12:00:00Z',
      '2026-04-23T22:00:00.000Z',
      '2026-04-24T21:00:00.000Z',
    ],
    [
      'half an hour off',
      calendar('calendar_month', 'Asia/Kolkata'),
      '2026-05-31T18:30:00Z',
      '2026-05-31T18:30:00.000Z',
      '2026-06-30T18:30:00.000Z',
    ],
    [
      'a month over a change of clocks',
      calendar('calendar_month', 'America/New_York'),
      '2026-03-15T00:00:00Z',
      '2026-03-01T05:00:00.000Z',
      '2026-04-01T04:00:00.000Z',
    ],
    [
      'a week from Monday on',
      calendar('calendar_day', 'Europe/Berlin', 7),
      '2026-03-29T12:00:00Z',
      '2026-03-22T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ],
    [
      'a week over the year’s end',
      calendar('calendar_day', 'UTC', 7),
      '2027-01-01T12:00:00Z',
      '2026-12-28T00:00:00.000Z',
      '2027-01-04T00:00:00.000Z',
    ],
    [
      'a quarter',
      calendar('calendar_month', 'UTC', 3),
      '2026-06-30T23:00:00Z',
      '2026-04-01T00:00:00.000Z',
      '2026-07-01T00:00:00.000Z',
    ],
    [
      'a year',
      calendar('calendar_month', 'Asia/Kolkata', 12),
      '2026-12-31T12:00:00Z',
      '2025-12-31T18:30:00.000Z',
      '2026-12-31T18:30:00.000Z',
    ],
  ];
  it.each(cases)('%s', (_name, window, now, start, end) => {
    expect(spoken(window, now)).toEqual([start, end]);
  });

  it('has none in a time zone that nobody knows', () => {
    expect(spoken(calendar('calendar_day', 'Mars/Olympus'), '2026-01-01T00:00:00Z')).toBeNull();
    expect(windowAt({ ...calendar('calendar_day', 'UTC'), kind: 'fixed' }, 5n)).toBeNull();
  });

  it('divides time without gap or overlap, before the anchor too', () => {
    const times = fc.bigInt({ min: -1_000_000n, max: 1_000_000n });
    fc.assert(
      fc.property(times, times, fc.bigInt({ min: 1n, max: 5_000n }), (now, anchor, length) => {
        const window: BudgetWindow = {
          kind: 'fixed',
          timeZone: 'UTC',
          lengthMicros: length,
          anchor,
          count: 1,
        };
        const { start, end } = windowAt(window, now)!;
        expect(start <= now && now < end && end - start === length).toBe(true);
        expect((start - anchor) % length).toBe(0n);
        expect(windowAt(window, end)!.start).toBe(end);
      }),
    );
  });

  it('joins calendar windows end to start, in any zone', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Pacific/Apia', 'UTC'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom('calendar_day' as const, 'calendar_month' as const),
        fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2040, 0) }),
        (timeZone, kind, milliseconds) => {
          const now = BigInt(milliseconds) * 1_000n;
          const window = calendar(kind, timeZone);
          const { start, end } = windowAt(window, now)!;
          expect(start <= now && now < end).toBe(true);
          expect(windowAt(window, start)).toEqual({ start, end });
          expect(windowAt(window, end)!.start).toBe(end);
          expect(windowAt(window, start - 1n)!.end).toBe(start);
        },
      ),
      { numRuns: 50 },
    );
  });
});
