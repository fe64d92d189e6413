import type { ApplicationState } from '../model.ts';
import { mostOf, oversubscriptionOf } from './oversubscription.ts';
import { wholeMicros } from './sum.ts';

const MICROS = 1_000_000n;

/** What is handed out below a quota, or of an application's total, of one resource. */
export interface Commitment {
  readonly resource: string;
  /** The nearest quotas below that declare the resource. */
  readonly quotas: number;
  /** How many of them are unlimited. */
  readonly unlimited: number;
  /** In base units. */
  readonly guaranteed: bigint;
  /** Their upper bounds, in millionths of a base unit (of rates per second), rounded up; null: without bound. */
  readonly committedMicros: bigint | null;
  /** What there is to hand out, in the same, rounded down; null: nobody says. */
  readonly capacityMicros: bigint | null;
  /** As `oversubscriptionOf` says it; null: it has no number. */
  readonly basisPoints: number | null;
}

/** Of a quota, or of the application by its id, by resource; empty where nothing is declared below. */
export function commitmentsOf(state: ApplicationState, id: string): readonly Commitment[] {
  const shares = new Map(
    oversubscriptionOf(state, id).map(({ resource, basisPoints }) => [resource, basisPoints]),
  );
  return (state.sums.get(id) ?? []).flatMap(({ resource, sum }): Commitment[] => {
    if (sum.limits === 0) return [];
    const most = mostOf(state, id, resource);
    return [
      {
        resource,
        quotas: sum.limits,
        unlimited: sum.unlimited,
        guaranteed: sum.guarantees,
        committedMicros: wholeMicros(sum),
        capacityMicros: most === null ? null : (most.amount * MICROS * MICROS) / most.perMicros,
        basisPoints: shares.get(resource) ?? null,
      },
    ];
  });
}

/** Whether more is handed out than there is: legal for rates and capacity. */
export function isOversubscribed({ committedMicros, capacityMicros }: Commitment): boolean {
  if (capacityMicros === null) return false;
  return committedMicros === null || committedMicros > capacityMicros;
}
