/** Commands that carry out what an organization's stream intends: each follows from the intent alone. */
import type { AllocationState, AllocationTerms, CutState } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type { ProcessAnswer } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';

/** Quotas of one page: as many as one append holds with their evidence, and short for the writer. */
export const PAGE_QUOTAS = 500;
/** A refusal's words, characters: the log takes no more. */
const DETAIL_LENGTH_MAX = 1_024;

/** What became of an intent. */
export interface Ending {
  readonly answer: ProcessAnswer;
  readonly code: string | null;
  readonly detail: string | null;
}

/**
 * @param after the last quota that was looked at; null: from the start
 * @param most quotas of the page
 */
export function pageCommand(
  organization: string,
  cut: CutState,
  application: string,
  after: string | null,
  most: number = PAGE_QUOTAS,
): LoopCommand {
  const { budgetId, project, spend, budget, currency, lift } = cut;
  const cutId = cut.cutId.toString();
  const common = { project, budgetId, spend, budget, cutId, after, most };
  const to = {
    // Pages of another length are other commands: one id never says two things.
    commandId: derivedId('cut', organization, cut.cutId, application, after ?? '', most),
    stream: `application:${application}`,
  };
  if (lift !== null) {
    const reason = `Budget ${organization}/${budgetId}: ${lift.replaceAll('_', ' ')}.`;
    return { ...to, type: 'LiftHaircut', reason, data: { ...common, cause: lift } };
  }
  return {
    ...to,
    type: 'ApplyHaircut',
    reason: `Budget ${organization}/${budgetId} is overspent: ${spend} of ${budget} ${currency}.`,
    data: {
      ...common,
      windowStart: timeToJson(cut.windowStart),
      windowEnd: timeToJson(cut.windowEnd),
      currency,
      overrunBasisPoints: cut.overrunBasisPoints,
      tierPolicy: cut.tierPolicy,
      tierPolicyVersion: cut.tierPolicyVersion.toString(),
      cutBasisPoints: cut.cutBasisPoints,
      floorBasisPoints: cut.floorBasisPoints,
      priorityMin: cut.priorityMin,
      evidence: shortEvidence(organization, cut),
    },
  };
}

/** Each quota's event carries it again: the lines of the spend stand in the intent alone. */
function shortEvidence(organization: string, { cutId, evidence }: CutState): unknown {
  const figures = Object.fromEntries(
    Object.entries(evidence.figures).filter(([name]) => !name.startsWith('line.')),
  );
  const source = `cut ${cutId} of organization ${organization}, ${evidence.source}`;
  return toJson('io.prorata.type.Evidence', { ...evidence, source, figures });
}

export function cutEnding(
  organization: string,
  { budgetId, cutId }: CutState,
  application: string,
  ending: Ending,
): LoopCommand {
  return {
    commandId: derivedId('cut-end', organization, cutId, application, ending.answer),
    type: 'CompleteCut',
    stream: `organization:${organization}`,
    reason: `${application}: ${ending.code ?? ending.answer}.`,
    data: { budgetId, cutId: cutId.toString(), application, ...written(ending) },
  };
}

export function entitlementCommand(
  organization: string,
  { project, application, resource }: AllocationState,
  { allocation, budgetId, amount }: AllocationTerms,
): LoopCommand {
  return {
    commandId: derivedId('allocation', organization, allocation),
    type: 'SetEntitlement',
    stream: `application:${application}`,
    reason: `Allocation ${allocation} of organization ${organization}, paid by ${budgetId}.`,
    data: {
      project,
      resource,
      bound: amount === 'blocked' ? 'blocked' : 'amount',
      amount: amount === 'blocked' ? '0' : amount.toString(),
      source: { organization, budgetId, allocation: allocation.toString() },
    },
  };
}

export function allocationEnding(
  organization: string,
  { project, application, resource }: AllocationState,
  { allocation }: AllocationTerms,
  ending: Ending,
): LoopCommand {
  return {
    commandId: derivedId('allocation-end', organization, allocation, ending.answer),
    type: 'CompleteAllocation',
    stream: `organization:${organization}`,
    reason: `${application}: ${ending.code ?? ending.answer}.`,
    data: {
      project,
      application,
      resource,
      allocation: allocation.toString(),
      ...written(ending),
    },
  };
}

function written({ answer, code, detail }: Ending): Ending {
  return { answer, code, detail: detail?.slice(0, DETAIL_LENGTH_MAX) ?? null };
}
