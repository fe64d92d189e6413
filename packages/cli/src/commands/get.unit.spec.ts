import { describe, expect, it } from 'vitest';
import { sumsOf, unusedNone } from './get.ts';
import { lookUps } from './lookUps.ts';

const answering = (answer: object): Parameters<typeof sumsOf>[0] => ({
  get: <T>() => Promise.resolve(answer as T),
});
const holdings = { path: () => '/v1/holdings', member: 'holdings' };

describe('what somebody holds', () => {
  it('is told only when all of it was added up', async () => {
    const rows = [{ application: 'moka', resource: 'tokens' }];
    const whole = { holdings: rows, quotas: 1, isWhole: true };
    expect(await sumsOf(answering(whole), holdings, {})).toEqual(rows);
    const part = { holdings: rows, quotas: 5000, isWhole: false };
    await expect(sumsOf(answering(part), holdings, {})).rejects.toThrow(
      'more than the 5000 quotas',
    );
  });
});

describe('what is committed', () => {
  it('is shown in groups of three, with its share, and without an end as that', () => {
    const cells = (row: Readonly<Record<string, unknown>>): readonly string[] =>
      Object.values(lookUps['commitments']?.columns ?? {}).map((textOf) => textOf(row));
    const row = { node: 'moka/prod', resource: 'tokens', quotas: 2, guaranteed: '0' };
    expect(
      cells({
        ...row,
        ...{ committed: '45000.1234', capacity: '40000', basisPoints: 11250 },
        isOversubscribed: true,
      }),
    ).toEqual([
      'moka/prod',
      'tokens',
      '2',
      '45,000.1234',
      '0',
      '40,000',
      '112 %',
      'oversubscribed',
    ]);
    expect(
      cells({
        ...row,
        ...{ committed: null, capacity: null, basisPoints: null },
        isOversubscribed: false,
      }),
    ).toEqual(['moka/prod', 'tokens', '2', 'unlimited', '0', 'no capacity declared', '-', '-']);
  });
});

it('says of nothing unused how old the usage is that says so', () => {
  const data = { knownUntil: '2026-01-02T10:00:00.000Z', takenAt: '2026-01-02T10:05:00.000Z' };
  expect(unusedNone({ data })).toBe(
    'There are none, by usage up to 2026-01-02T10:00:00.000Z, summed up at 2026-01-02T10:05:00.000Z.',
  );
  expect(unusedNone({ data: null })).toMatch(/^No usage has been summed up yet/);
});
