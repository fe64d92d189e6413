import type { LiftHaircut } from '@prorata/schemas';
import { isDecimal } from '../decimals.ts';
import type { ApplicationState, Decision, DecisionContext, EventDraft } from '../model.ts';
import { about, accept, refusal, refuse } from './answer.ts';
import { followLift } from './cutOrder.ts';
import { cutBy, pageViolations } from './cutPage.ts';
import { versionFault } from './preconditions.ts';

/** Lifts the budget's cut wherever it lies; where it lies nowhere there is nothing to do. Of a page, the result is the id to go on after. */
export function liftHaircut(
  state: ApplicationState,
  command: LiftHaircut,
  context: DecisionContext,
): Decision {
  const refused = versionFault(command.envelope, context.streamVersion);
  if (refused !== null) return refused;
  const { project, budgetId, cause, spend, budget } = command;
  if (!isDecimal(spend)) return refuse('HAIRCUT_INVALID', '/spend', 'Spend is a decimal.');
  if (!isDecimal(budget)) return refuse('HAIRCUT_INVALID', '/budget', 'The budget is a decimal.');
  const shape = refusal(pageViolations(command));
  if (shape !== null) return shape;
  const order = followLift(state, command);
  if ('refused' in order) return order.refused;
  const page = cutBy(state, project, budgetId, command);
  if ('code' in page) return { kind: 'refused', violations: [page] };
  const { quotas, next } = page;
  const data = { budgetId, cause, spend, budget };
  const events = quotas.map((quota): EventDraft => ({
    type: 'HaircutLifted',
    data,
    ...about(quota),
  }));
  return accept([...order.events, ...events], next);
}
