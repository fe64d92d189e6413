/** Exact quantities of Kubernetes: never a float, never rounded. */

import type { HardMeasure } from '@prorata/quota-model';

const THOUSAND = 1_000n;

const INT64_MAX = 2n ** 63n - 1n;

/**
 * The most of a bound, in thousandths: what the API keeps as a number exactly; of whole things and of the storage of
 * a class, which it counts in thousandths within 2^63-1, that. It says of a larger number that it is no integer.
 */
export function thousandthsMax(key: string, measure: HardMeasure): bigint {
  const isCounted = measure === 'count' || key.includes('.storageclass.storage.k8s.io/');
  return isCounted ? INT64_MAX - (INT64_MAX % THOUSAND) : INT64_MAX * THOUSAND;
}

/** `1500` → `1500m`, `2000` → `2`: as the API server writes it, so that what is read back is the same text. */
export function quantityText(thousandths: bigint): string {
  return thousandths % THOUSAND === 0n
    ? (thousandths / THOUSAND).toString()
    : `${thousandths.toString()}m`;
}

const SUFFIXES: Readonly<Record<string, bigint>> = {
  m: 1n,
  '': THOUSAND,
  k: THOUSAND ** 2n,
  M: THOUSAND ** 3n,
  G: THOUSAND ** 4n,
  T: THOUSAND ** 5n,
  P: THOUSAND ** 6n,
  E: THOUSAND ** 7n,
  Ki: THOUSAND * 2n ** 10n,
  Mi: THOUSAND * 2n ** 20n,
  Gi: THOUSAND * 2n ** 30n,
  Ti: THOUSAND * 2n ** 40n,
  Pi: THOUSAND * 2n ** 50n,
  Ei: THOUSAND * 2n ** 60n,
};

/** Thousandths; null: no whole number of them, or a form that nobody writes here. */
export function thousandthsIn(text: unknown): bigint | null {
  if (typeof text !== 'string') return null;
  const [, digits, suffix] = /^(\d{1,24})(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(text) ?? [];
  return digits === undefined ? null : BigInt(digits) * (SUFFIXES[suffix ?? ''] ?? THOUSAND);
}
