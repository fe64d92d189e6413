import { rehearsedCutKey } from '../organizationModel.ts';
import type { OrganizationState, RehearsedCutState } from '../organizationModel.ts';
import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function rehearseCut(state: OrganizationState, event: EventOf<'CutRehearsed'>): void {
  const { value } = event;
  state.rehearsedCuts.set(rehearsedCutKey(value.budgetId, value.project), {
    budgetId: value.budgetId,
    project: value.project,
    applications: value.applications,
    windowStart: value.windowStart,
    windowEnd: value.windowEnd,
    step: value.step,
    quotas: value.quotas,
    spend: value.spend,
    budget: value.budget,
    currency: value.currency,
    overrunBasisPoints: value.overrunBasisPoints,
    tierPolicy: value.tierPolicy,
    tierPolicyVersion: value.tierPolicyVersion,
    cutBasisPoints: value.cutBasisPoints,
    floorBasisPoints: value.floorBasisPoints,
    priorityMin: value.priorityMin,
    evidence: value.evidence,
    provenance: provenanceOf(event),
  });
}

/** A walk of all that are remembered, at most `REHEARSED_CUTS_MAX`: what ends them is rare. */
export function forgetRehearsedCuts(
  state: OrganizationState,
  isOver: (rehearsal: RehearsedCutState) => boolean,
): void {
  for (const [key, rehearsal] of state.rehearsedCuts) {
    if (isOver(rehearsal)) state.rehearsedCuts.delete(key);
  }
}
