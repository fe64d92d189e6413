import type { BudgetState, Provenance } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type { CutRehearsed } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { idOf, provenanceRow } from './currentRows.ts';
import { actorJson, evidenceJson } from './jsonForms.ts';

/** Who last changed it is who last defined it: what happens to it since says so for itself. */
export function budgetRow(organization: string, budget: BudgetState): Row {
  return {
    organization,
    budget_id: budget.budgetId,
    project: budget.project,
    team: budget.team,
    amount: budget.amount,
    currency: budget.currency,
    window: toJson('io.prorata.type.BudgetWindow', budget.window),
    price_book: budget.priceBook,
    tier_policy: budget.tierPolicy,
    mode: budget.mode,
    thresholds: budget.thresholds,
    split: budget.split,
    crossings: crossingsJson(budget),
    override: overrideJson(budget),
    version: budget.version,
    ...definedRow(budget.provenance),
  };
}

function definedRow({ actor, reason, commandId, streamVersion, at }: Provenance): Row {
  return {
    actor: actorJson(actor),
    reason,
    command_id: commandId,
    stream_version: streamVersion,
    updated_at: timeToJson(at),
  };
}

function crossingsJson({ crossings }: BudgetState): object | null {
  if (crossings === null) return null;
  return {
    windowStart: timeToJson(crossings.windowStart),
    windowEnd: timeToJson(crossings.windowEnd),
    crossed: crossings.crossed.map(({ at, ...crossed }) => ({ ...crossed, at: timeToJson(at) })),
  };
}

function overrideJson({ override }: BudgetState): object | null {
  if (override === null) return null;
  const { actor, reason, at } = override.provenance;
  return {
    until: timeToJson(override.until),
    actor: actorJson(actor),
    reason,
    at: timeToJson(at),
  };
}

/** What a budget would have cut of a project: the last that it told. */
export function rehearsedCutRow(event: CutRehearsed): Row {
  return {
    organization: idOf(event.envelope),
    budget_id: event.budgetId,
    project: event.project,
    applications: event.applications,
    step: event.step,
    quotas: event.quotas,
    window_start: timeToJson(event.windowStart),
    window_end: timeToJson(event.windowEnd),
    spend: event.spend,
    budget: event.budget,
    currency: event.currency,
    overrun_basis_points: event.overrunBasisPoints,
    tier_policy: event.tierPolicy,
    tier_policy_version: event.tierPolicyVersion,
    cut_basis_points: event.cutBasisPoints,
    floor_basis_points: event.floorBasisPoints,
    priority_min: event.priorityMin,
    evidence: evidenceJson(event.evidence),
    ...provenanceRow(event.envelope),
  };
}
