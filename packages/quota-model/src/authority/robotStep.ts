/** How far a robot may move a limit at once: an error of its own must not become everybody's. */
import type { ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { declaredLimit } from '../layers.ts';
import { WHOLE_BASIS_POINTS, burstOf, describeLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';

/**
 * Up or down, of the limit as it is declared now, and of its burst. Rates compare by what they let
 * through in the same time: that a resize keeps the time is said by a check of its own.
 */
export function stepViolations(
  { registration }: ApplicationState,
  quota: QuotaState,
  limit: ResourceLimit,
): Violation[] {
  const most = registration.changePolicy.robotStepMaxBasisPoints;
  const now = declaredLimit(quota, limit.resource);
  if (most === null || now?.bound !== 'amount' || limit.bound !== 'amount') return [];
  const isWithin =
    isStepWithin(
      now.amount * (limit.perMicros ?? 1n),
      limit.amount * (now.perMicros ?? 1n),
      most,
    ) && isStepWithin(burstOf(now) ?? 0n, burstOf(limit) ?? 0n, most);
  if (isWithin) return [];
  const message =
    `A robot moves ${limit.resource} by at most ${most / 100} % at once: ` +
    `${describeLimit(now)} to ${describeLimit(limit)} is more.`;
  return [violation('ROBOT_STEP_TOO_LARGE', '/limit', message)];
}

function isStepWithin(from: bigint, to: bigint, mostBasisPoints: number): boolean {
  const step = to > from ? to - from : from - to;
  return step * BigInt(WHOLE_BASIS_POINTS) <= from * BigInt(mostBasisPoints);
}
