import type { PublishTierPolicy, TierPolicyStep, Violation } from '@prorata/schemas';
import type { Decision, TierPolicyState } from '../model.ts';
import { TIER_POLICY_STEPS_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { basisPointsViolations } from '../validate/money.ts';
import { aboutNoQuota, accept, alreadySo, refusal, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

export function publishTierPolicy(
  state: TierPolicyState | null,
  command: PublishTierPolicy,
): Decision {
  const refused = versionFault(command.envelope, state?.version ?? 0n);
  if (refused !== null) return refused;
  const { steps, floorBasisPoints } = command;
  const shape = refusal([
    ...stepViolations(steps),
    ...basisPointsViolations(floorBasisPoints, '/floorBasisPoints', 'TIER_POLICY_INVALID'),
    ...floorViolations(floorBasisPoints),
  ]);
  if (shape !== null) return shape;
  if (state !== null && sameValue(state.steps, steps)) {
    if (sameValue(state.floorBasisPoints, floorBasisPoints)) return alreadySo;
  }
  const version = (state?.version ?? 0n) + 1n;
  const data = { steps, floorBasisPoints, version };
  return accept([{ type: 'TierPolicyPublished', data, ...aboutNoQuota }]);
}

function stepViolations(steps: readonly TierPolicyStep[]): Violation[] {
  if (steps.length === 0 || steps.length > TIER_POLICY_STEPS_MAX) {
    return [invalid('/steps', `A policy has 1 to ${TIER_POLICY_STEPS_MAX} steps.`)];
  }
  return steps.flatMap((step, index) => {
    const at = `/steps/${index}`;
    const { overrunBasisPoints, cutBasisPoints } = step;
    const before = steps[index - 1];
    const violations = basisPointsViolations(
      cutBasisPoints,
      `${at}/cutBasisPoints`,
      'TIER_POLICY_INVALID',
    );
    if (!Number.isInteger(overrunBasisPoints) || overrunBasisPoints < 0) {
      violations.push(invalid(at, 'A step starts at the budget or above it.'));
    }
    if (falls(cutBasisPoints)) {
      violations.push(invalid(`${at}/cutBasisPoints`, 'No tier is cut more than a lower one.'));
    }
    if (before === undefined) return violations;
    if (overrunBasisPoints <= before.overrunBasisPoints) {
      violations.push(invalid(at, 'Steps rise in overrun.'));
    }
    if (cutBasisPoints.some((cut, tier) => cut < (before.cutBasisPoints[tier] ?? 0))) {
      violations.push(invalid(at, 'A tier is not cut less at a higher overrun.'));
    }
    return violations;
  });
}

function floorViolations(floors: readonly number[]): Violation[] {
  if (!falls([...floors].reverse())) return [];
  return [invalid('/floorBasisPoints', 'No tier keeps less than a lower one.')];
}

function falls(numbers: readonly number[]): boolean {
  return numbers.some((number, index) => number < (numbers[index - 1] ?? number));
}

function invalid(path: string, message: string): Violation {
  return violation('TIER_POLICY_INVALID', path, message);
}
