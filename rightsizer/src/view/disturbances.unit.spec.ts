import { content, DAY, HOUR, START, tokens } from '@prorata/quota-model/testing';
import type { QuotaState } from '@prorata/quota-model';
import { describe, expect, it } from 'vitest';
import { Disturbances, isLower } from './disturbances.ts';

const quota = (amount: bigint, layers: Partial<QuotaState> = {}): QuotaState => ({
  ...{ quotaId: 'moka/a', version: 1n, content: content([tokens(amount)]) },
  ...{ rightsized: new Map(), haircuts: new Map(), override: null, earlier: null, versions: null },
  rolledBack: null,
  declared: { at: START } as QuotaState['declared'],
  ...layers,
});
const cut = (amount: bigint): QuotaState =>
  quota(amount, { haircuts: new Map([['month', {}]]) as unknown as QuotaState['haircuts'] });
const overridden = (amount: bigint): QuotaState =>
  quota(amount, { override: {} as QuotaState['override'] });
const rightsized = (amount: bigint): QuotaState =>
  quota(50n, {
    rightsized: new Map([
      ['tokens', { limit: tokens(amount) }],
    ]) as unknown as QuotaState['rightsized'],
  });

describe('the times in which a quota was held down', () => {
  it('reach from the first cut or override to the end of the last', () => {
    const held = new Disturbances();
    held.fold(quota(50n), cut(50n), START);
    const both = { ...cut(50n), override: {} as QuotaState['override'] };
    held.fold(cut(50n), both, START + HOUR);
    held.fold(both, overridden(50n), START + 2n * HOUR);
    expect(held.spansOf('moka/a')).toEqual([]);
    held.fold(overridden(50n), quota(50n), START + 3n * HOUR);
    expect(held.spansOf('moka/a')).toEqual([{ from: START, to: START + 3n * HOUR }]);
  });

  it('are forgotten with the quota, and after longer than anybody looks back', () => {
    const held = new Disturbances();
    held.fold(quota(50n), cut(50n), START);
    held.fold(cut(50n), quota(50n), START + HOUR);
    held.fold(quota(50n), cut(50n), START + 40n * DAY);
    held.fold(cut(50n), quota(50n), START + 41n * DAY);
    expect(held.spansOf('moka/a')).toHaveLength(1);
    held.fold(quota(50n), null, START + 42n * DAY);
    expect(held.spansOf('moka/a')).toEqual([]);
  });

  it('are all that was before a move', () => {
    const held = new Disturbances();
    held.move(cut(50n), 'moka/b', START);
    expect(held.spansOf('moka/b')).toEqual([{ from: 0n, to: START }]);
    held.fold(
      { ...cut(50n), quotaId: 'moka/b' },
      { ...quota(50n), quotaId: 'moka/b' },
      START + HOUR,
    );
    expect(held.spansOf('moka/b')[1]).toEqual({ from: START, to: START + HOUR });
  });
});

describe('what else a limit has been', () => {
  it('is kept with its times, and when evidence last lowered it', () => {
    const held = new Disturbances();
    held.fold(quota(50n), rightsized(80n), START);
    held.fold(rightsized(80n), rightsized(60n), START + HOUR);
    held.fold(rightsized(60n), quota(40n), START + 2n * HOUR);
    const past = held.pastLimits('moka/a', 'tokens');
    expect(past.map(({ from, to, limit }) => [from, to, limit.amount])).toEqual([
      [0n, START, 50n],
      [START, START + HOUR, 80n],
      [START + HOUR, START + 2n * HOUR, 60n],
    ]);
    // A person's lowering is none by evidence.
    expect(held.loweredAt('moka/a', 'tokens')).toBe(START + HOUR);
  });

  it('is compared by what it lets through', () => {
    const minute = { perMicros: 60_000_000n };
    expect(isLower(tokens(60n, minute), tokens(2n))).toBe(true);
    expect(isLower(tokens(120n, minute), tokens(2n))).toBe(false);
    expect(isLower(tokens(0n, { bound: 'blocked' }), tokens(1n))).toBe(true);
    expect(isLower(tokens(1n), tokens(0n, { bound: 'unlimited' }))).toBe(true);
    expect(isLower(tokens(0n, { bound: 'unlimited' }), tokens(9n))).toBe(false);
  });
});
