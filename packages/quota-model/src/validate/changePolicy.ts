import type { ChangePolicy, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import {
  BASIS_POINTS,
  OVERRIDE_MICROS_MAX,
  STEP_BASIS_POINTS_MAX,
  USAGE_AGE_MICROS_MAX,
} from '../modelBounds.ts';

/** A decrease cannot take more than the whole; a raise may be many times it. */
export function changePolicyViolations(policy: ChangePolicy, path: string): Violation[] {
  const step = (name: keyof ChangePolicy, most: number): Violation[] =>
    within(policy[name], 0n, BigInt(most), `${path}/${name}`, 'basis points');
  return [
    ...step('raiseApprovalAboveBasisPoints', STEP_BASIS_POINTS_MAX),
    ...step('creationApprovalAboveBasisPoints', BASIS_POINTS),
    ...step('decreaseStepMaxBasisPoints', BASIS_POINTS),
    ...step('robotStepMaxBasisPoints', STEP_BASIS_POINTS_MAX),
    ...within(
      policy.overrideAboveApprovalMicrosMax,
      1n,
      OVERRIDE_MICROS_MAX,
      `${path}/overrideAboveApprovalMicrosMax`,
      'microseconds',
    ),
    ...within(
      policy.usageMaxAgeMicros,
      1n,
      USAGE_AGE_MICROS_MAX,
      `${path}/usageMaxAgeMicros`,
      'microseconds',
    ),
  ];
}

function within(
  value: number | bigint | null,
  least: bigint,
  most: bigint,
  path: string,
  unit: string,
): Violation[] {
  if (value === null || (value >= least && value <= most)) return [];
  const message = `It is ${least.toString()} to ${most.toString()} ${unit}, or null.`;
  return [violation('REGISTRATION_INVALID', path, message)];
}
