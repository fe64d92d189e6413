import { describe, expect, it } from 'vitest';
import { decimalOf, productUpwards, wholeProduct } from './amountText.ts';
import { lengthOf, microsOf } from './timeText.ts';

const times = (text: string, scale: string): bigint | null => {
  const [left, right] = [decimalOf(text), decimalOf(scale)];
  return left === null || right === null ? null : wholeProduct(left, right);
};

describe('amounts', () => {
  it.each([
    ['12', '1', 12n],
    ['0.132', '1000', 132n],
    ['8.280000000000001', '1000', 8_280n],
    ['9007199254740993', '1', 9_007_199_254_740_993n],
    ['1e3', '1', 1_000n],
    ['1.5E-3', '1000000', 1_500n],
    ['0.5', '1', 1n],
    ['-0.5', '1', -1n],
    ['0.4999', '1', 0n],
    [' 7 ', '0.001', 0n],
  ])('takes %s times %s as %s, exactly until it is rounded once', (text, scale, whole) => {
    expect(times(text, scale)).toBe(whole);
  });

  it.each(['', 'seven', '1,5', '0x10', 'NaN', 'Infinity', '1e999', '--1', '9'.repeat(61)])(
    'takes %j for no number',
    (text) => {
      expect(decimalOf(text)).toBeNull();
    },
  );

  it('rounds a highest moment upwards', () => {
    const one = { units: 1n, places: 0 };
    expect(productUpwards({ units: 1_001n, places: 3 }, one)).toBe(2n);
    expect(productUpwards({ units: 2_000n, places: 3 }, one)).toBe(2n);
  });
});

const at = (iso: string, micros = 0n): bigint => BigInt(Date.parse(iso)) * 1_000n + micros;

describe('times', () => {
  it.each([
    ['2026-01-31T12:00:00Z', at('2026-01-31T12:00:00Z')],
    ['2023-11-16 18:15:46.6805900', at('2023-11-16T18:15:46Z', 680_590n)],
    ['2014-02-14 14:30:00', at('2014-02-14T14:30:00Z')],
    ['2014-02-14 14:30:00+00', at('2014-02-14T14:30:00Z')],
    ['2014-02-14 14:30:00.5+05:30', at('2014-02-14T09:00:00Z', 500_000n)],
    ['2014-02-14T14:30+0530', at('2014-02-14T09:00:00Z')],
    ['2014-02-14', at('2014-02-14T00:00:00Z')],
  ])('reads %s, without a zone as UTC', (text, micros) => {
    expect(microsOf(text, null)).toBe(micros);
  });

  it('reads plain numbers by the unit that was told, and takes none without one', () => {
    expect(microsOf('1700000000', 's')).toBe(1_700_000_000_000_000n);
    expect(microsOf('1700000000.25', 's')).toBe(1_700_000_000_250_000n);
    expect(microsOf('1700000000123', 'ms')).toBe(1_700_000_000_123_000n);
    expect(microsOf('1700000000', null)).toBeNull();
  });

  it.each(['', 'yesterday', '2026-13-01T00:00:00Z', '31.01.2026'])(
    'takes %j for no time',
    (text) => {
      expect(microsOf(text, null)).toBeNull();
    },
  );

  it('reads lengths, and none of nothing', () => {
    expect(lengthOf('5m')).toBe(300_000_000n);
    expect(lengthOf('1d')).toBe(86_400_000_000n);
    expect(['0s', '5', 'm', '5 m', '-5m'].map(lengthOf)).toEqual([null, null, null, null, null]);
  });
});
