/**
 * The views that auditors query with tools of their own. Their names and columns are a promise: columns are added at
 * the end, and none is renamed, removed or given another type. `docs/reference/views.md` is made from here.
 */

import type { AuditorView } from './auditorView.ts';
import * as applicationViews from './applicationViews.ts';
import * as auditViews from './auditViews.ts';
import * as enforcementViews from './enforcementViews.ts';
import * as moneyViews from './moneyViews.ts';
import * as organizationViews from './organizationViews.ts';
import * as quotaViews from './quotaViews.ts';

/**
 * Raised with every change of a view: what newer code has defined, older code leaves as it is.
 * `recordedViews.json` tells a forgotten one.
 */
export const VIEWS_VERSION = 9;

const grantedStreams: AuditorView = {
  name: 'granted_streams',
  projection: 'quotas',
  about: 'What the session may read.',
  stream: null,
  from: () => 'projector.session_streams AS t',
  columns: { stream: { type: 'text', sql: 't.stream', about: 'A stream; `*`: every stream.' } },
};

export const auditorViews: readonly AuditorView[] = [
  quotaViews.quotas,
  quotaViews.limits,
  quotaViews.layers,
  quotaViews.commitments,
  quotaViews.declaredLimits,
  quotaViews.quotaVersions,
  quotaViews.quotaHistory,
  applicationViews.registrationHistory,
  auditViews.auditEvents,
  auditViews.refusals,
  auditViews.commands,
  auditViews.anchors,
  applicationViews.applications,
  applicationViews.entitlements,
  applicationViews.proposals,
  applicationViews.rollouts,
  organizationViews.organizations,
  organizationViews.teams,
  organizationViews.projects,
  organizationViews.allocations,
  organizationViews.budgets,
  organizationViews.budgetCuts,
  organizationViews.rehearsedCuts,
  moneyViews.credits,
  moneyViews.closedPeriods,
  moneyViews.priceBooks,
  moneyViews.tierPolicies,
  auditViews.streamHeads,
  enforcementViews.ruleChanges,
  enforcementViews.hosts,
  enforcementViews.targets,
  enforcementViews.deliveries,
  grantedStreams,
];
