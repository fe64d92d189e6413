import { timeToJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import type { ThrottleAction } from './judgeBudget.ts';
import { figures, idOf, inputsHash } from './throttleCommand.ts';
import type { CutGrounds, ThrottleTerms } from './throttleCommand.ts';

type Rehearse = Extract<ThrottleAction, { kind: 'rehearse' }>;

/** What a budget in dry_run tells instead of cutting: of a project, in all applications that would be cut alike. */
export function rehearseCut(
  actions: readonly [Rehearse, ...Rehearse[]],
  terms: ThrottleTerms,
  { window, spend, tierPolicy, verdict }: CutGrounds,
): LoopCommand {
  const { organization, budget, project } = terms;
  const [{ step: index }] = actions;
  const step = tierPolicy.steps[index];
  if (step === undefined) throw new RangeError(`The tier policy has no step ${index}.`);
  const about = [window.start, index, tierPolicy.id, tierPolicy.version];
  return {
    commandId: idOf('rehearse', actions, terms, about),
    type: 'RehearseCut',
    stream: `organization:${organization}`,
    reason: `Budget ${organization}/${budget.budgetId} is overspent, and tells only: ${spend.total} of ${budget.amount} ${budget.currency}.`,
    data: {
      budgetId: budget.budgetId,
      project,
      applications: actions.map(({ application }) => application),
      windowStart: timeToJson(window.start),
      windowEnd: timeToJson(window.end),
      step: index,
      quotas: actions.reduce((sum, { quotas }) => sum + quotas, 0),
      spend: spend.total,
      budget: budget.amount,
      currency: budget.currency,
      overrunBasisPoints: verdict.overrunBasisPoints ?? 0,
      tierPolicy: tierPolicy.id,
      tierPolicyVersion: tierPolicy.version.toString(),
      cutBasisPoints: step.cutBasisPoints,
      floorBasisPoints: tierPolicy.floorBasisPoints,
      priorityMin: [],
      evidence: {
        policy: `${terms.policyName}@${terms.policyVersion}`,
        source: `usage table version ${terms.tableVersion}`,
        windowStart: timeToJson(window.start),
        windowEnd: timeToJson(window.end),
        figures: figures(index, verdict, spend, budget),
        inputsHash: inputsHash(budget, tierPolicy, window, spend),
      },
    },
  };
}
