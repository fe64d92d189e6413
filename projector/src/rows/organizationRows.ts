import { allocationKey, decimalOf } from '@prorata/quota-model';
import type { AllocationTerms, CutAnswer, CutState, OrganizationState } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type {
  AllocationCompleted,
  EntitlementAllocated,
  EventEnvelope,
  OrganizationRegistered,
  ProjectDefined,
  TeamDefined,
} from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { idOf, provenanceRow } from './currentRows.ts';
import { actorJson, evidenceJson } from './jsonForms.ts';

export function organizationRow({
  envelope,
  displayName,
  version,
}: Pick<OrganizationRegistered, 'envelope' | 'displayName' | 'version'>): Row {
  return {
    organization: idOf(envelope),
    display_name: displayName,
    version,
    ...provenanceRow(envelope),
  };
}

export function teamRow(event: TeamDefined): Row {
  return { team_id: event.teamId, parent: event.parent, ...definedRow(event) };
}

export function projectRow(event: ProjectDefined): Row {
  return { project: event.project, team: event.team, ...definedRow(event) };
}

/** What a team's row and a project's have alike. */
function definedRow(event: TeamDefined | ProjectDefined): Row {
  return { owner: event.owner, ...organizationRow(event) };
}

/** What is paid for now, what is to be, and what became of the last intent. */
export function allocationRow(
  state: OrganizationState,
  event: EntitlementAllocated | AllocationCompleted,
): Row {
  const { envelope, project, application, resource } = event;
  const known = state.allocations.get(allocationKey(project, application, resource)) ?? null;
  const answered = 'answer' in event ? event : null;
  const isReleased = answered?.answer === 'accepted' && known === null;
  return {
    organization: state.id,
    project,
    application,
    resource,
    status: isReleased ? 'released' : (answered?.answer ?? 'waiting'),
    holds: termsJson(known?.accepted ?? null),
    pending: termsJson(known?.pending ?? null),
    code: answered?.code ?? null,
    detail: answered?.detail ?? null,
    ...provenanceRow(envelope),
  };
}

function termsJson(terms: AllocationTerms | null): object | null {
  if (terms === null) return null;
  const { allocation, budgetId, amount, unitCost, costPicos, provenance } = terms;
  return {
    allocation: allocation.toString(),
    budgetId,
    amount: amount.toString(),
    cost: decimalOf(costPicos),
    unitCost: unitCost === null ? null : toJson('io.prorata.type.UnitCost', unitCost),
    actor: actorJson(provenance.actor),
    reason: provenance.reason,
    at: timeToJson(provenance.at),
  };
}

/** One budget's cut in one application: the last that was intended there, and what became of it. */
export function cutRow(
  cut: CutState,
  application: string,
  answer: Pick<CutAnswer, 'answer' | 'code' | 'detail'> | null,
  envelope: EventEnvelope,
): Row {
  return {
    organization: idOf(envelope),
    budget_id: cut.budgetId,
    application,
    cut_id: cut.cutId,
    status: answer?.answer ?? 'waiting',
    code: answer?.code ?? null,
    detail: answer?.detail ?? null,
    lift: cut.lift,
    project: cut.project,
    window_start: timeToJson(cut.windowStart),
    window_end: timeToJson(cut.windowEnd),
    spend: cut.spend,
    budget: cut.budget,
    currency: cut.currency,
    overrun_basis_points: cut.overrunBasisPoints,
    tier_policy: cut.tierPolicy,
    tier_policy_version: cut.tierPolicyVersion,
    cut_basis_points: cut.cutBasisPoints,
    floor_basis_points: cut.floorBasisPoints,
    priority_min: cut.priorityMin,
    evidence: evidenceJson(cut.evidence),
    ...provenanceRow(envelope),
  };
}
