import { describe, expect, it, vi } from 'vitest';
import { momentOf, timeOf } from './momentOption.ts';

describe('a moment as people type it', () => {
  it.each([
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
  ])('%s is so long ago', (text, ms) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 31) });
    expect(Date.now() - Date.parse(momentOf(text))).toBe(ms);
    vi.useRealTimers();
  });

  it('is where a day begins in UTC', () => {
    expect(timeOf('2026-01-02')).toBe('2026-01-02T00:00:00Z');
    const [today, yesterday] = [Date.parse(timeOf('today')), Date.parse(timeOf('yesterday'))];
    expect(today - yesterday).toBe(86_400_000);
    expect(today % 86_400_000).toBe(0);
  });

  it('is an RFC 3339 time as it stands, or a version where a stream has them', () => {
    expect(momentOf('2026-01-02T18:00:00.5+01:00')).toBe('2026-01-02T18:00:00.5+01:00');
    expect(momentOf('42')).toBe('42');
    expect(() => timeOf('42')).toThrow('42 is no time: write 10m');
  });

  it.each(['', 'someday', '1y', '2026-1-2', 'h', '-3h'])(
    '%s is none, and the forms are named',
    (text) => {
      expect(() => momentOf(text)).toThrow(
        expect.objectContaining({
          exitCode: 2,
          message: expect.stringContaining('2h') as string,
        }) as Error,
      );
    },
  );
});
