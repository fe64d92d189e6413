import { isOversubscribed } from '@prorata/quota-model';
import type { Commitment } from '@prorata/quota-model';
import type { Row } from '../database/tables.ts';

const MICROS = 1_000_000n;

export function commitmentRow(application: string, node: string, commitment: Commitment): Row {
  return {
    application,
    node,
    resource: commitment.resource,
    quotas: commitment.quotas,
    unlimited: commitment.unlimited,
    guaranteed: commitment.guaranteed,
    committed: decimalOfMicros(commitment.committedMicros),
    capacity: decimalOfMicros(commitment.capacityMicros),
    basis_points: commitment.basisPoints,
    is_oversubscribed: isOversubscribed(commitment),
  };
}

/** Base units as an exact decimal. */
export function decimalOfMicros(micros: bigint | null): string | null {
  if (micros === null) return null;
  const fraction = (micros % MICROS).toString().padStart(6, '0').replace(/0+$/, '');
  return `${micros / MICROS}${fraction === '' ? '' : `.${fraction}`}`;
}
