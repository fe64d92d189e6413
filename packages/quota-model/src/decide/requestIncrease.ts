import type { RequestIncrease, Violation } from '@prorata/schemas';
import { ownershipViolations } from '../authority/authorityViolations.ts';
import { raisesOf } from '../authority/raises.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { alreadySo, refusal, refuse } from './answer.ts';
import { changeStep } from './changeQuota.ts';
import { limitsChange } from './limitsChange.ts';
import { namelessFault, openProposal } from './openProposals.ts';
import { requireQuota } from './preconditions.ts';
import { TreeDraft } from './treeDraft.ts';

/**
 * Asks somebody above for more. Whether it fits the tree is asked when it is approved: whoever approves
 * may have to make room first.
 */
export function requestIncrease(
  state: ApplicationState,
  command: RequestIncrease,
  context: DecisionContext,
): Decision {
  const { quotaId, limits, unsetLimits, envelope } = command;
  const found = requireQuota(state, quotaId, envelope);
  if ('refused' in found) return found.refused;
  const { quota } = found;
  const ownership = refusal(ownershipViolations(state, quotaId, envelope));
  if (ownership !== null) return ownership;
  const draft = TreeDraft.probe(state);
  const terms = { path: '', sender: envelope, expectedVersion: null };
  const faults = changeStep(draft, limitsChange(quotaId, limits, unsetLimits), terms);
  if (faults.length > 0) return refusal(faults.map(asSent)) ?? alreadySo;
  const after = draft.after.quotas.get(quotaId) ?? quota;
  if (raisesOf(state, quotaId, quota, after).length === 0) {
    const message = 'It asks for nothing more: a change that raises nothing needs no request.';
    return refuse('NOTHING_TO_REQUEST', '/limits', message);
  }
  const proposed = { limits, unsetLimits, evidence: null, origin: 'request' } as const;
  const nameless = namelessFault(state, envelope, proposed.origin);
  return nameless ?? openProposal(state, quota, proposed, context);
}

function asSent(found: Violation): Violation {
  return { ...found, path: found.path.replace(/^\/setLimits/, '/limits') };
}
