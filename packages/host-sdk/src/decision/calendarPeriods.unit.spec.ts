import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CalendarWindow } from '@prorata/quota-model/hosts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bench, perWindow, rule } from '../../test/fixtures.ts';
import { CalendarPeriods, calendarOf } from './calendarPeriods.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, REFUSE } from './verdict.ts';

const oracle = fileURLToPath(new URL('../../test/calendarOracle.py', import.meta.url));
const hasOracle =
  spawnSync('python3', ['-c', "import zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')"]).status === 0;

const form = (unit: CalendarWindow['unit'], zone: string, count = 1): CalendarWindow => ({
  kind: 'calendar',
  unit,
  count,
  zone,
});
const micros = (iso: string): number => Date.parse(iso) * 1000;
const told = (window: CalendarWindow, iso: string): string[] => {
  const { start, end } = new CalendarPeriods(window).at(micros(iso));
  return [start, end].map((at) => new Date(at / 1000).toISOString().replace('.000', ''));
};

describe('a period of a calendar', () => {
  it.each([
    [
      'a day of 23 hours',
      form('day', 'Europe/Berlin'),
      '2026-03-29T12:00:00Z',
      '2026-03-28T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ],
    [
      'a day of 25 hours',
      form('day', 'Europe/Berlin'),
      '2026-10-25T12:00:00Z',
      '2026-10-24T22:00:00Z',
      '2026-10-25T23:00:00Z',
    ],
    [
      'a day whose midnight the clock skips',
      form('day', 'Africa/Cairo'),
      '2024-04-26T12:00:00Z',
      '2024-04-25T22:00:00Z',
      '2024-04-26T21:00:00Z',
    ],
    [
      'a day before one that was skipped',
      form('day', 'Pacific/Apia'),
      '2011-12-29T20:00:00Z',
      '2011-12-29T10:00:00Z',
      '2011-12-30T10:00:00Z',
    ],
    [
      'a half-hour zone',
      form('day', 'Australia/Lord_Howe'),
      '2026-01-10T00:00:00Z',
      '2026-01-09T13:00:00Z',
      '2026-01-10T13:00:00Z',
    ],
    [
      'a week, from Monday',
      form('week', 'UTC'),
      '2026-01-01T00:00:00Z',
      '2025-12-29T00:00:00Z',
      '2026-01-05T00:00:00Z',
    ],
    [
      'a month',
      form('month', 'America/New_York'),
      '2026-03-01T04:59:59Z',
      '2026-02-01T05:00:00Z',
      '2026-03-01T05:00:00Z',
    ],
    [
      'a quarter',
      form('month', 'America/New_York', 3),
      '2026-03-15T00:00:00Z',
      '2026-01-01T05:00:00Z',
      '2026-04-01T04:00:00Z',
    ],
    [
      'a year',
      form('month', 'Asia/Kathmandu', 12),
      '2026-06-01T00:00:00Z',
      '2025-12-31T18:15:00Z',
      '2026-12-31T18:15:00Z',
    ],
  ])('is %s', (_, window, at, start, end) => {
    expect(told(window, at)).toEqual([start, end]);
  });

  it.skipIf(!hasOracle)('is whole in the eyes of another reader of the time zone database', () => {
    const zones = Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'));
    const asked = fc.sample(
      fc.record({
        zone: fc.constantFrom(...zones),
        unit: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
        count: fc.constantFrom(1, 3, 12),
        // From the year on in which no zone shows a date twice, to where all tables know the rules.
        wall: fc.integer({ min: Date.UTC(2012, 0), max: Date.UTC(2024, 0) }).map((ms) => ms * 1000),
      }),
      { numRuns: 400, seed: 20_261_121 },
    );
    const lines = asked.map(({ zone, unit, count: months, wall }) => {
      const count = unit === 'month' ? months : 1;
      return JSON.stringify({
        zone,
        unit,
        count,
        wall,
        ...calendarOf(form(unit, zone, count)).at(wall),
      });
    });
    const { stdout, stderr } = spawnSync('python3', [oracle], {
      input: lines.join('\n'),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toBe('');
  });

  it('follows the one before without a gap, wherever the clock is set back over midnight', () => {
    // At 00:01 the clocks of Newfoundland went back to 23:01 of the day before, until 2011.
    const periods = new CalendarPeriods(form('day', 'America/St_Johns'));
    let at = micros('2010-11-01T00:00:00Z');
    for (let days = 0; days < 30; days += 1) {
      const { start, end } = periods.at(at);
      expect(periods.at(end).start).toBe(end);
      for (const moment of [start, end - 1, (start + end) / 2]) {
        expect(periods.at(moment)).toEqual({ start, end });
      }
      at = end;
    }
  });

  it('is computed once, whatever limits ask and however often', () => {
    const { clock, time, table, limiter } = bench();
    table.isKnown = true;
    const zone = 'Pacific/Kiritimati';
    const periods = calendarOf(form('day', zone));
    const before = periods.computed;
    const handles = Array.from({ length: 50 }, (_, index) => {
      table.put(rule(`a/q${index}`, [{ ...perWindow(1_000n, 'P1D'), zone }]), time.now());
      return new BoundHandle(limiter, table, { quota: `a/q${index}` });
    });
    for (let day = 0; day < 3; day += 1) {
      for (const handle of handles)
        for (let each = 0; each < 20; each += 1) handle.take('credits', 1);
      clock.now += 86_400_000_000;
    }
    expect(periods.computed - before).toBe(3);
  });
});

describe('a limit of each day in a zone', () => {
  it('begins anew with the day there', () => {
    const { clock, time, table, limiter } = bench();
    table.isKnown = true;
    table.put(rule('a/x', [{ ...perWindow(5n, 'P1D'), zone: 'Europe/Berlin' }]), time.now());
    const handle = new BoundHandle(limiter, table, { quota: 'a/x' });
    // The fixtures' time is 2026-01-01T00:00:00Z: one o'clock in Berlin.
    expect(handle.take('credits', 5)).toBe(ALLOW);
    clock.now += 23 * 3_600_000_000 - 1;
    expect(handle.take('credits', 1)).toBe(REFUSE);
    expect(limiter.last.retryAfterMicros).toBe(1);
    clock.now += 1;
    expect(handle.take('credits', 5)).toBe(ALLOW);
  });

  it('is rejected where this host knows no such zone', () => {
    const { time, table } = bench();
    const limit = { ...perWindow(5n, 'P1D'), zone: 'Europe/Atlantis' };
    expect(() => table.put(rule('a/x', [limit]), time.now())).toThrow(/Europe\/Atlantis/);
  });
});
