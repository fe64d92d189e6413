import * as tables from '../database/tables.ts';
import {
  APPLICATION,
  OF_ORGANIZATION,
  ORGANIZATION,
  provenance,
  RESOURCE,
  viewOf,
} from './auditorView.ts';

export const organizations = viewOf(tables.organizations, {
  about: 'Organizations.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    display_name: 'A name for people.',
    version: 'Its version.',
    ...provenance,
  },
});

export const teams = viewOf(tables.teams, {
  about: "Organizations' teams.",
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    team_id: 'The team.',
    parent: 'The team above; null: right below the organization.',
    owner: 'The owning group.',
    display_name: 'A name for people.',
    version: 'Its version.',
    ...provenance,
  },
});

export const projects = viewOf(tables.projects, {
  about: "Organizations' projects: who pays.",
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    project: '<organization>/<project>.',
    team: 'Its team; null: right below the organization.',
    owner: 'The owning group.',
    display_name: 'A name for people.',
    version: 'Its version.',
    ...provenance,
  },
});

export const allocations = viewOf(tables.allocations, {
  about: 'What budgets pay for in applications.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    project: 'Who pays.',
    application: APPLICATION,
    resource: RESOURCE,
    status: '`waiting`, `accepted`, `refused` or `released`: how the last intent ended.',
    holds: 'What the budget pays for now; null: nothing.',
    pending: 'What the application has yet to answer; null: nothing.',
    code: 'Of a refusal.',
    detail: 'What the application said.',
    ...provenance,
  },
});

export const budgets = viewOf(tables.budgets, {
  about: 'Budgets.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    budget_id: 'The budget, unique within the organization.',
    project: "Whose spend it bounds; empty: a team's, or the whole organization's.",
    team: "Whose spend it bounds; null: a project's, or the whole organization's.",
    amount: 'Money a window.',
    currency: 'ISO 4217.',
    window: 'The time that it is for.',
    price_book: 'What turns usage into money.',
    tier_policy: 'What turns overrun into cuts.',
    version: "The budget's version.",
    ...provenance,
    mode: '`enforce`: it cuts; `dry_run`: it only tells what it would cut.',
    thresholds: 'Parts of the amount at which its owner is told.',
    split: 'What part of its money each resource may be given as entitlement.',
    crossings: 'The thresholds crossed in the last window that crossed any; null: none.',
    override:
      'Who keeps it from cutting, and until when: over once `until` has passed; null: nobody.',
  },
});

export const budgetCuts = viewOf(tables.budgetCuts, {
  about: 'The last cut, or lift, that each budget intended of each project in each application.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    budget_id: 'The budget.',
    application: APPLICATION,
    cut_id: "The intent: the version of the organization's stream.",
    status: '`waiting`, `accepted` or `refused`.',
    code: 'Of a refusal.',
    detail: 'What the application said.',
    lift: 'Why it was lifted; null: it is applied.',
    project: 'Whose quotas are cut.',
    window_start: "The budget's window.",
    window_end: 'Its end.',
    spend: 'What was spent in it.',
    budget: 'What it was for.',
    currency: 'ISO 4217.',
    overrun_basis_points: 'By how much, of the budget.',
    tier_policy: 'The tier policy.',
    tier_policy_version: 'Its version.',
    cut_basis_points: 'The cut of each tier, 0 to 4.',
    floor_basis_points: 'The floor of each tier.',
    evidence: 'What was measured.',
    ...provenance,
    priority_min: 'The least cut priority that is cut, by tier; empty: all are.',
  },
});

export const rehearsedCuts = viewOf(tables.rehearsedCuts, {
  about: 'What each budget in dry_run last told that it would have cut of each project.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    budget_id: 'The budget; it may cut by now.',
    project: 'Whose quotas would have been cut.',
    applications: 'Where.',
    step: 'The step of the tier policy, from 0; -1: a cut would have been lifted.',
    quotas: 'How many would have been cut.',
    window_start: "The budget's window.",
    window_end: 'Its end.',
    spend: 'What was spent in it.',
    budget: 'What it was for.',
    currency: 'ISO 4217.',
    overrun_basis_points: 'By how much, of the budget.',
    tier_policy: 'The tier policy.',
    tier_policy_version: 'Its version.',
    cut_basis_points: 'The cut of each tier, 0 to 4.',
    floor_basis_points: 'The floor of each tier.',
    priority_min: 'The least cut priority that would have been cut, by tier; empty: all.',
    evidence: 'What was measured.',
    ...provenance,
  },
});
