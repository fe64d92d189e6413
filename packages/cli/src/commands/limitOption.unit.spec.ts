import { limitFromJson } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { limitText } from '../output/limitText.ts';
import { endOf, limitOf } from './limitOption.ts';

const resources = [
  { name: 'tokens', kind: 'rate' },
  { name: 'requests', kind: 'concurrency' },
  { name: 'cache', kind: 'capacity' },
  { name: 'images', kind: 'consumable' },
];

describe('a limit as people type it', () => {
  it.each([
    ['tokens=90000', { resource: 'tokens', rate: { amount: 90_000, per: '1s' } }, '90,000/s'],
    ['tokens=90000/s', { resource: 'tokens', rate: { amount: 90_000, per: '1s' } }, '90,000/s'],
    [
      'tokens=90/5m,burst=120',
      { resource: 'tokens', rate: { amount: 90, per: '5m', burst: 120 } },
      '90/5m, burst 120',
    ],
    ['tokens=blocked', { resource: 'tokens', rate: { amount: 'blocked' } }, 'blocked'],
    ['requests=400', { resource: 'requests', concurrency: { max: 400 } }, '400 at once'],
    [
      'cache=9007199254740993',
      { resource: 'cache', capacity: { max: '9007199254740993' } },
      '9,007,199,254,740,993',
    ],
    [
      'requests=unlimited',
      { resource: 'requests', concurrency: { max: 'unlimited' } },
      'unlimited',
    ],
  ])('%s is of the kind that the application declares', (text, limit, shown) => {
    expect(limitOf(text, resources)).toEqual(limit);
    const faults: string[] = [];
    limitFromJson({ ...limit }, '', (path, message) => {
      faults.push(`${path} ${message}`);
      return null;
    });
    expect(faults).toEqual([]);
    expect(limitText(limit)).toBe(shown);
  });

  it.each([
    'tokens',
    'tokens=',
    'tokens=0',
    'tokens=-1',
    'tokens=1.5',
    'requests=4/s',
    'speed=3',
    'images=5',
  ])('%s is refused as a command line that makes no sense', (text) => {
    expect(() => limitOf(text, resources)).toThrow(
      expect.objectContaining({ exitCode: 2 }) as Error,
    );
  });
});

describe('an end', () => {
  it('is a length from now, or a time', () => {
    const hourMs = Date.parse(endOf({ for: '2h' })) - Date.now();
    expect(hourMs / 3_600_000).toBeCloseTo(2, 2);
    expect(endOf({ until: '2026-01-02T18:00:00Z' })).toBe('2026-01-02T18:00:00Z');
  });

  it.each([{}, { for: '2' }, { for: '2h', until: '2026-01-02T18:00:00Z' }, { until: 'tomorrow' }])(
    '%j is none',
    (options) => {
      expect(() => endOf(options)).toThrow('say when it ends');
    },
  );
});
