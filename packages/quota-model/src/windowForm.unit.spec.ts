import { describe, expect, it } from 'vitest';
import { created, credits, registered, registeredAs, registration } from './testing/samples.ts';
import { given } from './testing/given.ts';
import { sameWindow, windowFormOf, windowKey } from './windowForm.ts';

const DAY = 86_400_000_000;
const windowOf = (window: string | null, zone: string | null = null) => ({ window, zone });

describe('the form of a window', () => {
  it.each([
    ['P1D', { kind: 'fixed', micros: DAY }],
    ['P1W', { kind: 'fixed', micros: 7 * DAY }],
    ['PT36H', { kind: 'fixed', micros: 1.5 * DAY }],
    ['P1DT0.5S', null],
    ['P1M', { kind: 'months', months: 1 }],
    ['P1Y6M', { kind: 'months', months: 18 }],
    ['P0M1D', { kind: 'fixed', micros: DAY }],
  ])('of %s', (duration, form) => {
    expect(windowFormOf(duration)).toEqual(form);
  });

  it.each([
    ['nothing', 'P0D'],
    ['no time at all', 'P'],
    ['an open end', 'P1DT'],
    ['months mixed with days', 'P1M1D'],
    ['more than 2^53 microseconds', 'PT9007199255S'],
    ['more than a thousand years', 'P1001Y'],
    ['more digits than anybody needs', `P${'9'.repeat(50_000)}D`],
    ['many zeros', `P${'0'.repeat(50_000)}1D`],
  ])('is none of %s', (_, duration) => {
    expect(windowFormOf(duration)).toBeNull();
  });

  it.each([
    ['P1W', 'P7D'],
    ['PT36H', 'P1DT12H'],
    ['P1DT24H', 'P2D'],
    ['PT3661S', 'PT1H1M1S'],
    ['PT86400S', 'P1D'],
    ['P1Y6M', 'P18M'],
    ['P30D', 'P30D'],
  ])('of %s is told as %s, which is the same window', (duration, told) => {
    expect(windowKey(windowOf(duration))).toBe(told);
    expect(windowFormOf(told)).toEqual(windowFormOf(duration));
  });

  it('is the same however it is written, and no window is another', () => {
    expect(sameWindow(windowOf('P1W'), windowOf('P7D'))).toBe(true);
    expect(sameWindow(windowOf('P1Y'), windowOf('P12M'))).toBe(true);
    expect(sameWindow(windowOf('P1M'), windowOf('P30D'))).toBe(false);
    expect(sameWindow(windowOf(null), windowOf('P1D'))).toBe(false);
    expect(sameWindow(windowOf(null), windowOf(null))).toBe(true);
    expect(sameWindow(windowOf('no window'), windowOf('none either'))).toBe(false);
  });
});

describe('a window in a time zone', () => {
  const zone = 'Europe/Berlin';

  it.each([
    ['P1D', { kind: 'calendar', unit: 'day', count: 1, zone }],
    ['PT24H', { kind: 'calendar', unit: 'day', count: 1, zone }],
    ['P1W', { kind: 'calendar', unit: 'week', count: 1, zone }],
    ['P1M', { kind: 'calendar', unit: 'month', count: 1, zone }],
    ['P1Y', { kind: 'calendar', unit: 'month', count: 12, zone }],
    ['P2D', null],
    ['PT1H', null],
    ['P1M1D', null],
  ])('of %s', (duration, form) => {
    expect(windowFormOf(duration, zone)).toEqual(form);
  });

  it('is another in each zone, but that days and months of UTC are those without one', () => {
    expect(windowKey(windowOf('P1W', zone))).toBe('P7D Europe/Berlin');
    expect(sameWindow(windowOf('P1D', zone), windowOf('P1D'))).toBe(false);
    expect(sameWindow(windowOf('P1D', zone), windowOf('P1D', 'Europe/Paris'))).toBe(false);
    expect(sameWindow(windowOf('P1D', 'UTC'), windowOf('P1D'))).toBe(true);
    expect(sameWindow(windowOf('P1Y', 'UTC'), windowOf('P12M'))).toBe(true);
    expect(sameWindow(windowOf('P1W', 'UTC'), windowOf('P1W'))).toBe(false);
  });

  it('is refused where the zone is unknown, or has no such period', () => {
    given(registered)
      .when(create('moka/a', credits(1n, 'P1D', 'Europe/Atlantis')))
      .thenRefused('TIME_ZONE_UNKNOWN', 'Europe/Atlantis');
    given(registered)
      .when(create('moka/a', credits(1n, 'PT6H', zone)))
      .thenRefused('LIMIT_INCONSISTENT', 'a day (P1D)');
    given(registered)
      .when(create('moka/a', credits(1n, 'P1D', zone)))
      .then(created('moka/a', [credits(1n, 'P1D', zone)]));
  });

  it('is one along a path, and amounts in it sum', () => {
    const past = [registered, created('moka/a', [credits(100n, 'P1D', zone)])];
    given(...past)
      .when(create('moka/a/x', credits(60n, 'P1D')))
      .thenRefused('WINDOW_MISMATCH', 'P1D Europe/Berlin');
    given(...past, created('moka/a/x', [credits(60n, 'P1D', zone)]))
      .when(create('moka/a/y', credits(60n, 'P1D', zone)))
      .thenRefused('PARENT_SUM_EXCEEDED', '120');
  });
});

describe('limits over windows', () => {
  it.each(['P0D', 'P1M1D', `P${'9'.repeat(50_000)}D`])(
    'are refused where no host could keep the window: %.8s',
    (window) => {
      const command = { quotaId: 'moka/a', content: contentWith(credits(1n, window)) };
      const { decision } = given(registered)
        .when({ type: 'CreateQuota', data: command })
        .thenRefused('LIMIT_INCONSISTENT', 'window');
      expect(JSON.stringify(decision).length).toBeLessThan(2_000);
    },
  );

  it('count into one total however a window is written', () => {
    const resources = registration.resources.map((resource) =>
      resource.name === 'credits' ? { ...resource, total: 100n } : resource,
    );
    const past = [
      registeredAs({ ...registration, resources }),
      created('moka/a', [credits(60n, 'P1W')]),
    ];
    given(...past)
      .when(create('moka/b', credits(60n, 'P7D')))
      .thenRefused('TOTAL_EXCEEDED', '120');
    given(...past)
      .when(create('moka/b', credits(40n, 'P7D')))
      .then(created('moka/b', [credits(40n, 'P7D')]));
  });

  it('sum under a parent that writes the same window otherwise', () => {
    const past = [
      registered,
      created('moka/a', [credits(100n, 'P1W')]),
      created('moka/a/x', [credits(60n, 'P7D')]),
    ];
    given(...past)
      .when(create('moka/a/y', credits(60n, 'PT168H')))
      .thenRefused('PARENT_SUM_EXCEEDED', '120');
  });

  it('cannot be declared beside each other under a smaller total later', () => {
    const past = [
      registered,
      created('moka/a', [credits(60n, 'P1W')]),
      created('moka/b', [credits(60n, 'P7D')]),
    ];
    const resources = registration.resources.map((resource) =>
      resource.name === 'credits' ? { ...resource, total: 100n } : resource,
    );
    given(...past)
      .when({ type: 'RegisterApplication', data: { ...registration, resources } })
      .thenRefused('TOTAL_EXCEEDED', '120');
  });
});

function contentWith(limit: ReturnType<typeof credits>) {
  return created('moka/any', [limit]).data.content;
}

function create(quotaId: string, limit: ReturnType<typeof credits>) {
  return { type: 'CreateQuota', data: { quotaId, content: contentWith(limit) } } as const;
}
