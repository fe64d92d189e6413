import type { CommandMessage } from '@prorata/schemas';

/**
 * A route that sends a command in the terms of one resource. Parameters of the path that the command
 * has as fields fill them; the stream follows from the parameters; the body is the rest.
 */
export interface ResourceRoute {
  readonly method: 'PUT' | 'PATCH' | 'DELETE' | 'POST';
  /** As the router knows it; the table of access has the same name. */
  readonly path: string;
  readonly sends: CommandMessage['type'];
  readonly summary: string;
  /**
   * What the body is: the command's own fields, its one field `content`, or a merge patch of a
   * quota's content (RFC 7396). Default: the fields.
   */
  readonly body?: 'content' | 'patch';
  /** Own fields that the body may leave out, and that the gateway then reads from the projector. */
  readonly completed?: readonly ['content'];
  /** Own fields that the query gives, since the method has no body that every proxy lets through. */
  readonly query?: readonly string[];
  /** Own fields that the method says by itself; nobody writes them again. */
  readonly fixed?: Readonly<Record<string, unknown>>;
}

/** In the order of the document. A resource is a few words; what it does is its command's. */
export const resourceTable: readonly ResourceRoute[] = [
  {
    method: 'PUT',
    path: '/v1/applications/:application',
    sends: 'RegisterApplication',
    summary: 'Registers an application, or changes its registration',
  },
  {
    method: 'PUT',
    path: '/v1/applications/:application/entitlements/:project/:resource',
    sends: 'SetEntitlement',
    summary: 'Sets how much of a resource a project may hold',
  },
  {
    method: 'PUT',
    path: '/v1/quotas/:quotaId',
    sends: 'DeclareQuota',
    summary: 'Creates a quota, or changes all that its owner declares',
    body: 'content',
  },
  {
    method: 'PATCH',
    path: '/v1/quotas/:quotaId',
    sends: 'ChangeQuota',
    summary: 'Changes parts of what a quota declares, by a merge patch (RFC 7396)',
    body: 'patch',
  },
  {
    method: 'DELETE',
    path: '/v1/quotas/:quotaId',
    sends: 'DeleteQuota',
    summary: 'Deletes a quota, alone or with all below it',
    query: ['children'],
  },
  {
    method: 'PUT',
    path: '/v1/quotas/:quotaId/override',
    sends: 'OverrideQuota',
    summary: 'Puts limits above every other layer until a known end',
  },
  {
    method: 'DELETE',
    path: '/v1/quotas/:quotaId/override',
    sends: 'LiftOverride',
    summary: 'Ends an override before its time',
  },
  {
    method: 'PUT',
    path: '/v1/quotas/:quotaId/suspension',
    sends: 'SuspendQuota',
    summary: 'Suspends a quota: blocks everything under it',
  },
  {
    method: 'DELETE',
    path: '/v1/quotas/:quotaId/suspension',
    sends: 'ResumeQuota',
    summary: 'Ends a suspension',
  },
  {
    method: 'POST',
    path: '/v1/quotas/:quotaId/resize',
    sends: 'ResizeQuota',
    summary: 'Sets the rightsized layer of one resource, by evidence',
  },
  {
    method: 'POST',
    path: '/v1/quotas/:quotaId/restore',
    sends: 'RestoreQuota',
    summary: 'Lets what a quota declared in an earlier version hold again',
    completed: ['content'],
  },
  {
    method: 'POST',
    path: '/v1/quotas/:quotaId/move',
    sends: 'MoveQuota',
    summary: 'Moves a quota and all below it to another parent or name',
  },
  {
    method: 'POST',
    path: '/v1/quotas/:quotaId/transfer',
    sends: 'TransferQuota',
    summary: 'Hands a quota to another owner or payer',
  },
  {
    method: 'POST',
    path: '/v1/quotas/:quotaId/increase-requests',
    sends: 'RequestIncrease',
    summary:
      "Asks for more: a proposal that waits for somebody who may raise the quota; the outcome's result is its id",
  },
  {
    method: 'POST',
    path: '/v1/proposals/:proposalId/approve',
    sends: 'ApproveProposal',
    summary: 'Approves a proposal: it is validated anew',
  },
  {
    method: 'POST',
    path: '/v1/proposals/:proposalId/reject',
    sends: 'RejectProposal',
    summary: 'Rejects a proposal',
  },
  {
    method: 'POST',
    path: '/v1/proposals/:proposalId/withdraw',
    sends: 'WithdrawProposal',
    summary: "Takes back an open proposal of one's own",
  },
  {
    method: 'POST',
    path: '/v1/applications/:application/rollouts',
    sends: 'StartRollout',
    summary:
      "Starts a rollout: a change of quotas that reaches hosts in stages; the outcome's result is its id",
  },
  {
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/advance',
    sends: 'AdvanceRollout',
    summary: 'Begins the next stage of a rollout',
  },
  {
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/pause',
    sends: 'PauseRollout',
    summary: 'Keeps a rollout at its stage',
  },
  {
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/resume',
    sends: 'ResumeRollout',
    summary: 'Lets a paused rollout go on',
  },
  {
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/promote',
    sends: 'PromoteRollout',
    summary: 'Declares what a rollout brings: it is validated anew and reaches all hosts',
  },
  {
    method: 'POST',
    path: '/v1/rollouts/:rolloutId/roll-back',
    sends: 'RollBackRollout',
    summary: 'Ends a rollout: all hosts enforce what is declared',
  },
  {
    method: 'PUT',
    path: '/v1/organizations/:organization',
    sends: 'RegisterOrganization',
    summary: 'Registers an organization, or changes it',
  },
  {
    method: 'PUT',
    path: '/v1/organizations/:organization/teams/:teamId',
    sends: 'DefineTeam',
    summary: 'Defines a team, or changes it',
  },
  {
    method: 'DELETE',
    path: '/v1/organizations/:organization/teams/:teamId',
    sends: 'RetireTeam',
    summary: 'Retires a team',
  },
  {
    method: 'PUT',
    path: '/v1/organizations/:organization/projects/:project',
    sends: 'DefineProject',
    summary: 'Defines a project, or changes it',
  },
  {
    method: 'DELETE',
    path: '/v1/organizations/:organization/projects/:project',
    sends: 'RetireProject',
    summary: 'Retires a project',
  },
  {
    method: 'PUT',
    path: '/v1/organizations/:organization/projects/:project/allocations/:application/:resource',
    sends: 'AllocateEntitlement',
    summary: 'Lets a budget pay for how much of a resource a project may hold',
  },
  {
    method: 'DELETE',
    path: '/v1/organizations/:organization/projects/:project/allocations/:application/:resource',
    sends: 'AllocateEntitlement',
    summary: 'Releases what a budget pays for',
    query: ['budgetId'],
    fixed: { bound: 'blocked', amount: 0, unitCost: null },
  },
  {
    method: 'PUT',
    path: '/v1/organizations/:organization/credits/:creditId',
    sends: 'GrantCredit',
    summary: 'Grants money to a project or to the organization',
  },
  {
    method: 'DELETE',
    path: '/v1/organizations/:organization/credits/:creditId',
    sends: 'WithdrawCredit',
    summary: 'Takes a credit back as a whole',
  },
  {
    method: 'DELETE',
    path: '/v1/budgets/:organization/:budgetId',
    sends: 'RetireBudget',
    summary: 'Retires a budget',
  },
  {
    method: 'PUT',
    path: '/v1/budgets/:organization/:budgetId',
    sends: 'DefineBudget',
    summary: 'Defines a budget, or changes it',
  },
  {
    method: 'PUT',
    path: '/v1/budgets/:organization/:budgetId/override',
    sends: 'OverrideBudget',
    summary: 'Keeps a budget from cutting until a moment',
  },
  {
    method: 'DELETE',
    path: '/v1/budgets/:organization/:budgetId/override',
    sends: 'LiftBudgetOverride',
    summary: "Ends a budget's override before its time",
  },
  {
    method: 'PUT',
    path: '/v1/price-books/:priceBook',
    sends: 'DefinePriceBook',
    summary: 'Defines a price book, or publishes its next version',
  },
  {
    method: 'PUT',
    path: '/v1/tier-policies/:tierPolicy',
    sends: 'PublishTierPolicy',
    summary: 'Publishes the next version of a tier policy',
  },
];

/** Commands without an address of their own, and why: `POST /v1/commands` takes them, as it takes all. */
export const withoutAddress: Readonly<Partial<Record<CommandMessage['type'], string>>> = {
  CreateQuota: '`PUT /v1/quotas/<quotaId>` with `If-None-Match: *` creates a quota and no more',
  ChangeTree: 'it is about many quotas at once, none of which is its address',
  ClosePeriod:
    'the ledger closes a period once its lines are complete, which nobody writes by hand',
  RecordThreshold: 'the budget throttle tells what a budget has crossed, which nobody sets',
  RehearseCut: 'the budget throttle tells what it would have cut, which nobody sets',
  BeginCut: 'a step of a process that the budget throttle drives, not a resource',
  CompleteCut: 'a step of a process that the budget throttle drives, not a resource',
  CompleteAllocation: 'a step of a process that the throttle drives, not a resource',
  RecordRehearsal: 'the rightsizer says so of itself, and nobody says it for it',
  ApplyHaircut: 'a step of a cut, over all quotas of a project',
  LiftHaircut: 'a step of a cut, over all quotas of a project; a person raises the budget',
};

/** The names of a path's parameters, in order. */
export function parametersOf(path: string): readonly string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
}
