import type { RehearseCut, Violation } from '@prorata/schemas';
import type { Decision, DecisionContext, OrganizationState } from '../model.ts';
import { REHEARSED_CUTS_MAX, REHEARSED_QUOTAS_MAX, TIER_POLICY_STEPS_MAX } from '../modelBounds.ts';
import { rehearsedCutKey } from '../organizationModel.ts';
import { cutViolations } from '../validate/haircutShape.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { applicationViolations, cutPlaceFault } from './beginCut.ts';
import { projectIdViolations } from './defineProject.ts';
import { versionFault } from './preconditions.ts';

/** What a budget in dry_run would have cut: the same window and step of a project again are no event. */
export function rehearseCut(
  state: OrganizationState | null,
  organization: string,
  command: RehearseCut,
  context: DecisionContext,
): Decision {
  const { envelope, ...data } = command;
  const refused =
    versionFault(envelope, context.streamVersion) ??
    refusal([
      ...projectIdViolations(organization, data.project),
      ...applicationViolations(data.applications),
      ...cutViolations(data),
      ...countViolations(command),
    ]) ??
    cutPlaceFault(state, command, context);
  if (refused !== null) return refused;
  if (state?.budgets.get(data.budgetId)?.mode !== 'dry_run') {
    const message = `Budget ${data.budgetId} cuts: it rehearses nothing.`;
    return refuse('BUDGET_ENFORCES', '/budgetId', message);
  }
  const known = state.rehearsedCuts.get(rehearsedCutKey(data.budgetId, data.project));
  if (known?.windowStart === data.windowStart && known.step === data.step) return alreadySo;
  if (known === undefined && state.rehearsedCuts.size >= REHEARSED_CUTS_MAX) {
    return refuse('TOO_MANY', '', `${REHEARSED_CUTS_MAX} rehearsed cuts are remembered.`);
  }
  return accept([{ type: 'CutRehearsed', data, ...aboutNoQuota }]);
}

function countViolations({ step, quotas }: RehearseCut): Violation[] {
  const violations: Violation[] = [];
  if (!Number.isInteger(step) || step < -1 || step >= TIER_POLICY_STEPS_MAX) {
    const message = `A step is -1 to ${TIER_POLICY_STEPS_MAX - 1}.`;
    violations.push(violation('HAIRCUT_INVALID', '/step', message));
  }
  if (!Number.isInteger(quotas) || quotas < 0 || quotas > REHEARSED_QUOTAS_MAX) {
    const message = `It is of 0 to ${REHEARSED_QUOTAS_MAX} quotas.`;
    violations.push(violation('HAIRCUT_INVALID', '/quotas', message));
  }
  return violations;
}
