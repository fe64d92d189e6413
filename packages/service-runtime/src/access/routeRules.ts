import type { Role } from './roles.ts';

export const serviceNames = ['gateway', 'projector', 'relay', 'rightsizer'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Who may call one route. */
export interface RouteRule {
  /** The services that answer it. What the gateway does not answer itself it passes on to the first. */
  readonly answeredBy: readonly ServiceName[];
  /**
   * `open`: anybody, without credentials. `known`: whoever has credentials, as the answer holds only
   * what is the caller's own, or as the command that the route sends decides. Otherwise one of the roles.
   */
  readonly who: 'open' | 'known' | readonly Role[];
  /** true: principals of the kind service may as well, whatever their roles. */
  readonly services?: boolean;
  /**
   * What credentials bound to one application reach: `own`, what is that application's, or `none`,
   * since the answer is no application's.
   */
  readonly bound: 'own' | 'none';
  /** The form of the scopes that a role granted for a part may have here; `none`: it must hold everywhere. */
  readonly grants: 'quotas' | 'streams' | 'none';
  /** The command that the route sends: who may send it may call the route. */
  readonly sends?: string;
}

const everywhere: RouteRule = {
  answeredBy: serviceNames,
  who: 'open',
  bound: 'own',
  grants: 'none',
};

/** Quotas and what is proposed for them: no secret among those who live under them. */
const readsQuotas: RouteRule = {
  answeredBy: ['projector'],
  who: ['admin', 'operator', 'member', 'auditor', 'robot'],
  services: true,
  bound: 'own',
  grants: 'quotas',
};

const readsRules: RouteRule = {
  answeredBy: ['relay'],
  who: ['admin', 'operator', 'auditor', 'host'],
  bound: 'own',
  grants: 'quotas',
};

const reportsUsage: RouteRule = { ...readsRules, who: ['admin', 'host'] };

/** Money is nobody's business who may not read the audit either; hosts above all. */
const readsMoney: RouteRule = {
  answeredBy: ['projector'],
  who: ['admin', 'operator', 'auditor', 'robot'],
  bound: 'none',
  grants: 'streams',
};

/** The usage of all, row by row, and no part of it. */
const readsTables: RouteRule = { ...readsMoney, answeredBy: ['rightsizer'], grants: 'none' };

/** What a role may send is asked of the command, in `commandRoles`. */
const sendsCommands: RouteRule = {
  answeredBy: ['gateway'],
  who: 'known',
  bound: 'own',
  grants: 'none',
};

const sending = (command: string): RouteRule => ({ ...sendsCommands, sends: command });

/**
 * The one table of routes: the guard asks it for every request, so that a route that is not in it
 * is not there, and `docs/reference/access.md` is made from it. A name is a method and a path whose
 * `:` segments stand for anything.
 */
export const routeRules = {
  'GET /healthz': everywhere,
  'GET /readyz': everywhere,
  'GET /metrics': everywhere,
  'GET /openapi.json': everywhere,
  'POST /v1/commands': sendsCommands,
  'POST /v1/commands/batch': sendsCommands,
  'PUT /v1/applications/:application': sending('RegisterApplication'),
  'PUT /v1/applications/:application/entitlements/:project/:resource': sending('SetEntitlement'),
  'PUT /v1/quotas/:quotaId': sending('DeclareQuota'),
  'PATCH /v1/quotas/:quotaId': sending('ChangeQuota'),
  'DELETE /v1/quotas/:quotaId': sending('DeleteQuota'),
  'PUT /v1/quotas/:quotaId/override': sending('OverrideQuota'),
  'DELETE /v1/quotas/:quotaId/override': sending('LiftOverride'),
  'PUT /v1/quotas/:quotaId/suspension': sending('SuspendQuota'),
  'DELETE /v1/quotas/:quotaId/suspension': sending('ResumeQuota'),
  'POST /v1/quotas/:quotaId/resize': sending('ResizeQuota'),
  'POST /v1/quotas/:quotaId/restore': sending('RestoreQuota'),
  'POST /v1/quotas/:quotaId/move': sending('MoveQuota'),
  'POST /v1/quotas/:quotaId/transfer': sending('TransferQuota'),
  'POST /v1/quotas/:quotaId/increase-requests': sending('RequestIncrease'),
  'POST /v1/proposals/:proposalId/approve': sending('ApproveProposal'),
  'POST /v1/proposals/:proposalId/reject': sending('RejectProposal'),
  'POST /v1/proposals/:proposalId/withdraw': sending('WithdrawProposal'),
  'POST /v1/applications/:application/rollouts': sending('StartRollout'),
  'POST /v1/rollouts/:rolloutId/advance': sending('AdvanceRollout'),
  'POST /v1/rollouts/:rolloutId/pause': sending('PauseRollout'),
  'POST /v1/rollouts/:rolloutId/resume': sending('ResumeRollout'),
  'POST /v1/rollouts/:rolloutId/promote': sending('PromoteRollout'),
  'POST /v1/rollouts/:rolloutId/roll-back': sending('RollBackRollout'),
  'PUT /v1/organizations/:organization': sending('RegisterOrganization'),
  'PUT /v1/organizations/:organization/teams/:teamId': sending('DefineTeam'),
  'DELETE /v1/organizations/:organization/teams/:teamId': sending('RetireTeam'),
  'PUT /v1/organizations/:organization/projects/:project': sending('DefineProject'),
  'DELETE /v1/organizations/:organization/projects/:project': sending('RetireProject'),
  'PUT /v1/organizations/:organization/projects/:project/allocations/:application/:resource':
    sending('AllocateEntitlement'),
  'DELETE /v1/organizations/:organization/projects/:project/allocations/:application/:resource':
    sending('AllocateEntitlement'),
  'PUT /v1/organizations/:organization/credits/:creditId': sending('GrantCredit'),
  'DELETE /v1/organizations/:organization/credits/:creditId': sending('WithdrawCredit'),
  'DELETE /v1/budgets/:organization/:budgetId': sending('RetireBudget'),
  'PUT /v1/budgets/:organization/:budgetId': sending('DefineBudget'),
  'PUT /v1/budgets/:organization/:budgetId/override': sending('OverrideBudget'),
  'DELETE /v1/budgets/:organization/:budgetId/override': sending('LiftBudgetOverride'),
  'PUT /v1/price-books/:priceBook': sending('DefinePriceBook'),
  'PUT /v1/tier-policies/:tierPolicy': sending('PublishTierPolicy'),
  'GET /v1/commands/:commandId': { ...sendsCommands, answeredBy: ['gateway', 'projector'] },
  'GET /v1/applications': readsQuotas,
  'GET /v1/applications/:application': readsQuotas,
  'GET /v1/quotas': readsQuotas,
  'GET /v1/quotas/:quotaId': readsQuotas,
  'GET /v1/quotas/:quotaId/explain': readsQuotas,
  'GET /v1/quotas/:quotaId/history': readsQuotas,
  'GET /v1/quotas/:quotaId/versions': readsQuotas,
  'GET /v1/quotas/:quotaId/versions/:version': readsQuotas,
  'GET /v1/commitments': readsQuotas,
  'GET /v1/holdings': readsQuotas,
  'GET /v1/unused': readsQuotas,
  'GET /v1/diff': readsQuotas,
  'GET /v1/feed': readsQuotas,
  'GET /v1/proposals': readsQuotas,
  'GET /v1/proposals/:proposalId': readsQuotas,
  'GET /v1/hosts': readsQuotas,
  'GET /v1/hosts/:application/:hostId': readsQuotas,
  'GET /v1/targets': readsQuotas,
  'GET /v1/rollouts': readsQuotas,
  'GET /v1/rollouts/:rolloutId': readsQuotas,
  'GET /v1/audit': {
    answeredBy: ['projector'],
    who: ['admin', 'auditor'],
    bound: 'own',
    grants: 'quotas',
  },
  'GET /v1/budgets': readsMoney,
  'GET /v1/budgets/:organization/:budgetId': readsMoney,
  'GET /v1/price-books': readsMoney,
  'GET /v1/price-books/:priceBook': readsMoney,
  'GET /v1/tier-policies': readsMoney,
  'GET /v1/tier-policies/:tierPolicy': readsMoney,
  'GET /v1/organizations': readsMoney,
  'GET /v1/organizations/:organization': readsMoney,
  'GET /v1/organizations/:organization/teams': readsMoney,
  'GET /v1/organizations/:organization/teams/:teamId': readsMoney,
  'GET /v1/organizations/:organization/projects': readsMoney,
  'GET /v1/organizations/:organization/projects/:project': readsMoney,
  'GET /v1/organizations/:organization/allocations': readsMoney,
  'GET /v1/organizations/:organization/cuts': readsMoney,
  'GET /v1/organizations/:organization/rehearsed-cuts': readsMoney,
  'GET /v1/organizations/:organization/credits': readsMoney,
  'GET /v1/organizations/:organization/credits/:creditId': readsMoney,
  'GET /v1/organizations/:organization/periods': readsMoney,
  'GET /v1/applications/:application/entitlements': readsQuotas,
  'GET /v1/budgets/:organization/:budget/spend': { ...readsMoney, answeredBy: ['rightsizer'] },
  'GET /v1/budgets/:organization/:budget/entitlements': {
    ...readsMoney,
    answeredBy: ['rightsizer'],
  },
  'GET /v1/budgets/:organization/:budget/explain': { ...readsMoney, answeredBy: ['rightsizer'] },
  'GET /v1/costs': { ...readsMoney, answeredBy: ['rightsizer'] },
  'GET /v1/rightsizer/status': { ...readsMoney, answeredBy: ['rightsizer'], grants: 'none' },
  'GET /v1/iceberg/v1/config': readsTables,
  'GET /v1/iceberg/v1/namespaces': readsTables,
  'GET /v1/iceberg/v1/namespaces/:namespace': readsTables,
  'GET /v1/iceberg/v1/namespaces/:namespace/tables': readsTables,
  'GET /v1/iceberg/v1/namespaces/:namespace/tables/:table': readsTables,
  'GET /v1/rules/:application': readsRules,
  'GET /v1/rules/:application/stream': readsRules,
  'POST /v1/usage': reportsUsage,
  'POST /v1/reports': reportsUsage,
  'POST /v1/demands': reportsUsage,
  'GET /v1/leases/:application/:bootId/stream': reportsUsage,
} as const satisfies Readonly<Record<string, RouteRule>>;

export type RouteName = keyof typeof routeRules;
