import type { Json } from '../plan/json.ts';

/** Basis points of up to seven digits, so that text sorts as numbers do. */
const DIGITS = 7;

/** What tells thresholds of a budget apart, in their order. */
export function thresholdKey({ basis, basisPoints }: Json): string {
  return `${String(basis)} ${String(basisPoints).padStart(DIGITS, '0')}`;
}

/** What tells the parts of a budget apart, in their order. */
export function shareKey({ application, resource }: Json): string {
  return `${String(application)} ${String(resource)}`;
}
