/** As CSV, JSON and DuckDB print numbers. */
const DECIMAL = /^([+-]?)(\d{1,60})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** `units / 10^places`, exactly. */
export interface ExactDecimal {
  readonly units: bigint;
  readonly places: number;
}

/** null: it is no number, or one beyond what anybody counts. */
export function decimalOf(text: string): ExactDecimal | null {
  const match = DECIMAL.exec(text.trim());
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const units = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  const places = fraction.length - Number(exponent);
  return places >= 0 ? { units, places } : { units: units * 10n ** BigInt(-places), places: 0 };
}

/** The product as a whole number; what does not come out whole is rounded half away from zero. */
export function wholeProduct(left: ExactDecimal, right: ExactDecimal, times = 1n): bigint {
  const divisor = 10n ** BigInt(left.places + right.places);
  const product = left.units * right.units * times;
  const half = product < 0n ? -divisor : divisor;
  return (2n * product + half) / (2n * divisor);
}

/** The product as a whole number, upwards: of a highest moment, which must not come out lower. */
export function productUpwards(left: ExactDecimal, right: ExactDecimal): bigint {
  const divisor = 10n ** BigInt(left.places + right.places);
  const product = left.units * right.units;
  return product > 0n ? (product + divisor - 1n) / divisor : product / divisor;
}
