import type { LiftHaircut } from '@prorata/schemas';
import { isDecimal } from '../decimals.ts';
import { byCodeUnit } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { about, accept, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** Lifts the budget's cut wherever it lies; where it lies nowhere there is nothing to do. */
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
  const cut = [...state.quotas.values()]
    .filter((quota) => quota.haircuts.get(budgetId)?.project === project)
    .sort((a, b) => byCodeUnit(a.quotaId, b.quotaId));
  const data = { budgetId, cause, spend, budget };
  return accept(cut.map((quota) => ({ type: 'HaircutLifted', data, ...about(quota) })));
}
