import type { CompleteCut } from '@prorata/schemas';
import type { Decision, DecisionContext, OrganizationState } from '../model.ts';
import { aboutNoQuota, accept, alreadySo, refuse } from './answer.ts';
import { answerFault } from './answerShape.ts';
import { versionFault } from './preconditions.ts';

/** What was taken the place of by a later intent is answered by nobody any more. */
export function completeCut(
  state: OrganizationState | null,
  command: CompleteCut,
  context: DecisionContext,
): Decision {
  const { budgetId, cutId, application, answer, code, detail } = command;
  const refused = versionFault(command.envelope, context.streamVersion) ?? answerFault(command);
  if (refused !== null) return refused;
  const cut = state?.cuts.get(cutId.toString());
  const known = cut?.budgetId === budgetId ? cut.applications.get(application) : undefined;
  if (known != null && known.answer === answer && known.code === code) return alreadySo;
  if (known !== null) {
    const message = `No cut ${cutId} of budget ${budgetId} waits for ${application}.`;
    return refuse('CUT_UNKNOWN', '/cutId', message);
  }
  const data = { budgetId, cutId, application, answer, code, detail };
  return accept([{ type: 'CutCompleted', data, ...aboutNoQuota }]);
}
