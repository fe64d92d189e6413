/** YuniKorn's quantities: digits and a suffix, `m` for thousandths of a vcore alone. */

const QUANTITY = /^([0-9]+)\s*([mkKMGTPE]i?)?$/;
const INT64_MAX = (1n << 63n) - 1n;

const multipliers: Readonly<Record<string, bigint>> = {
  '': 1n,
  m: 1n,
  k: 1_000n,
  M: 1_000_000n,
  G: 1_000_000_000n,
  T: 1_000_000_000_000n,
  P: 1_000_000_000_000_000n,
  E: 1_000_000_000_000_000_000n,
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};

/** Its one resource with thousandths. */
export const VCORE = 'vcore';

/** In thousandths of a vcore, else in whole numbers; null: YuniKorn does not take it. */
export function quantityOf(type: string, text: string): bigint | null {
  const [, number, suffix = ''] = QUANTITY.exec(text.trim()) ?? [];
  const scale = multipliers[suffix];
  if (number === undefined || scale === undefined) return null;
  if (suffix === 'm' && type !== VCORE) return null;
  const digits = BigInt(number);
  if (digits > INT64_MAX) return null;
  const amount = digits * scale * (type === VCORE && suffix !== 'm' ? 1_000n : 1n);
  return amount > INT64_MAX ? null : amount;
}

/** As YuniKorn writes it down least ambiguously. */
export const quantityText = (type: string, amount: bigint): string =>
  type === VCORE ? `${amount.toString()}m` : amount.toString();

/** Amounts by type; a type that is absent is not bounded. */
export type Amounts = ReadonlyMap<string, bigint>;

/** null: a quantity among them is none. */
export function amountsOf(given: Readonly<Record<string, string>> | undefined): Amounts | null {
  const amounts = new Map<string, bigint>();
  for (const [type, text] of Object.entries(given ?? {})) {
    const amount = quantityOf(type, text);
    if (amount === null) return null;
    amounts.set(type, amount);
  }
  return amounts;
}

/** Of each type that `larger` has, no more in `smaller`. */
export function fits(larger: Amounts, smaller: Amounts): boolean {
  for (const [type, amount] of smaller) {
    const most = larger.get(type);
    if (most !== undefined && amount > most) return false;
  }
  return true;
}

/** The lesser of each type; one that only one of them has is taken from it. */
export function lesser(a: Amounts, b: Amounts): Amounts {
  const least = new Map(a);
  for (const [type, amount] of b) {
    const other = least.get(type);
    if (other === undefined || amount < other) least.set(type, amount);
  }
  return least;
}

export const isAllZero = (amounts: Amounts): boolean =>
  [...amounts.values()].every((amount) => amount === 0n);
