/**
 * Random histories of a small tree, from numbers alone: the same numbers give the same history. Fuel for
 * property tests; whatever draws the numbers also shrinks them.
 */
import type { ResourceLimit, TreeStep } from '@prorata/schemas';
import {
  content,
  cores,
  credits,
  noChange,
  noTerms,
  registered,
  registration,
  sessions,
  tokens,
  unbounded,
} from './samples.ts';
import { applyHaircut, evidence, wholeCut } from './samples.ts';
import { declaredLimit } from '../layers.ts';
import { parentOf } from '../ids.ts';
import { contentsByQuota } from './contentHistory.ts';
import { ana, ben, HOUR, SECOND } from './stamp.ts';
import type { CommandBody, CommandData, Sender } from './stamp.ts';
import { TestStream } from './stream.ts';

/** One step of a history: which action, on which quota, with which resource and numbers. */
export interface Step {
  readonly action: (typeof actions)[number];
  readonly quota: number;
  readonly resource: number;
  readonly amount: number;
  readonly other: number;
}

export const actions = [
  'create',
  'edit',
  'restore',
  'unset',
  'override',
  'liftOverride',
  'suspend',
  'resume',
  'cut',
  'liftCut',
  'resize',
  'propose',
  'request',
  'approve',
  'reject',
  'withdraw',
  'entitle',
  'transfer',
  'delete',
  'cascade',
  'move',
  'bulk',
  'skew',
  'rebound',
  'wait',
] as const;

/** How often each action comes: what deletes is rare, or little would be left. */
export const weights: Readonly<Record<Step['action'], number>> = {
  create: 2,
  edit: 3,
  restore: 2,
  unset: 1,
  override: 3,
  liftOverride: 1,
  suspend: 1,
  resume: 1,
  cut: 2,
  liftCut: 1,
  resize: 2,
  propose: 2,
  request: 2,
  approve: 2,
  reject: 1,
  withdraw: 1,
  entitle: 1,
  transfer: 1,
  delete: 1,
  cascade: 1,
  move: 2,
  bulk: 3,
  skew: 3,
  rebound: 1,
  wait: 1,
};

/** Parents before children; the project of `p` is inherited, that of `q` its own. */
export const quotaIds = ['moka/p', 'moka/p/a', 'moka/p/a/x', 'moka/p/b', 'moka/q'] as const;

/** Where quotas may move to. */
const places = [...quotaIds, 'moka/q/a', 'moka/q/a/x', 'moka/z'] as const;

const budgets = ['daily', 'monthly'] as const;

const PAYER = 'acme/assistant';

/** Where a project pays: for all below the first level, or from the second on, below what another pays for. */
export const payerLevels = ['first', 'second'] as const;

/** What a history starts from, in the order in which it must come. */
export function firstQuotas(
  payers: (typeof payerLevels)[number] = 'first',
): CommandData<'CreateQuota'>[] {
  return quotaIds.map((quotaId) => {
    const share = 60n / BigInt(quotaId.length - 4);
    // What is not summed is the same all the way down where another pays above: then an unset is no raise.
    const same = payers === 'first' ? share : 30n;
    const limits = [
      tokens(same, { burst: 2n * same }),
      cores(share, 2n * share),
      credits(share),
      sessions(same),
    ];
    const whole = contentOf(quotaId, limits);
    const isPayer = quotaId.split('/').length === 3 || quotaId === 'moka/q';
    const paid = { ...whole, project: isPayer ? PAYER : null };
    return { quotaId, content: payers === 'first' ? whole : paid };
  });
}

export function startHistory(payers: (typeof payerLevels)[number] = 'first'): TestStream {
  const stream = new TestStream('application:moka');
  stream.append([{ ...registered, quotaId: null, quotaVersion: null }]);
  const rightsizing = ['cores', 'tokens'].map((resource) => ({
    resource,
    min: 1n,
    max: 60n,
    workload: null,
    pinned: false,
  }));
  stream.send({ type: 'RegisterApplication', data: { ...registration, rightsizing } });
  for (const data of firstQuotas(payers)) stream.send({ type: 'CreateQuota', data });
  return stream;
}

export function take(stream: TestStream, step: Step): void {
  if (step.action === 'wait') {
    stream.advanceTo(stream.now + BigInt(step.amount % 6) * HOUR);
    return;
  }
  const command = commandOf(stream, step);
  if (command !== null) stream.send(command.body, command.sender);
}

const operator: Sender = { roles: ['admin'], actor: ben };
const robot: Sender = {
  actor: { kind: 'robot', issuer: 'https://id.test', subject: 'loop' },
  roles: ['robot'],
};

/** Who asks for more: it is theirs to withdraw, and somebody else's to approve. */
const consumer: Sender = { roles: ['admin'], actor: ana };

/** What a step is drawn for: the state that it finds, how it came about, and the moment. */
export type HistoryMoment = Pick<TestStream, 'state' | 'now' | 'events'>;

/** The step as a command; null when there is nothing to answer or to change. */
export function commandOf(
  stream: HistoryMoment,
  step: Step,
): { readonly body: CommandBody; readonly sender: Sender } | null {
  const quotaId = quotaIds[step.quota % quotaIds.length] ?? quotaIds[0];
  const limit = limitOf(step);
  const budgetId = budgets[step.other % 2] ?? 'daily';
  const by = (body: CommandBody): { body: CommandBody; sender: Sender } => ({
    body,
    sender: operator,
  });
  switch (step.action) {
    case 'create':
      return by({ type: 'CreateQuota', data: { quotaId, content: contentOf(quotaId, [limit]) } });
    case 'edit':
      return by({ type: 'ChangeQuota', data: { ...noChange, quotaId, setLimits: [limit] } });
    case 'restore': {
      const data = restorationOf(stream, quotaId, step.amount);
      return data === null ? null : by({ type: 'RestoreQuota', data });
    }
    case 'unset': {
      const unsetLimits = [limit.resource];
      return by({ type: 'ChangeQuota', data: { ...noChange, quotaId, unsetLimits } });
    }
    case 'override': {
      const data = { quotaId, limits: [limit], until: endOf(stream, step) };
      return by({ type: 'OverrideQuota', data });
    }
    case 'liftOverride':
      return by({ type: 'LiftOverride', data: { quotaId } });
    case 'suspend':
      return by({ type: 'SuspendQuota', data: { quotaId, until: endOf(stream, step) } });
    case 'resume':
      return by({ type: 'ResumeQuota', data: { quotaId } });
    case 'cut':
      return by(cutOf(stream, step, budgetId));
    case 'liftCut':
      return by(liftOf(budgetId));
    case 'resize':
    case 'propose': {
      const data = { quotaId, limit: resizedFrom(stream, quotaId, limit), evidence };
      const sender = step.action === 'resize' ? operator : robot;
      return { body: { type: 'ResizeQuota', data }, sender };
    }
    case 'request':
      return requestOf(quotaId, limit);
    case 'approve':
    case 'reject':
    case 'withdraw':
      return answerOf(stream, step);
    case 'entitle': {
      const data = {
        project: 'acme/assistant',
        resource: limit.resource,
        bound: 'amount',
        amount: BigInt(step.amount * 3),
        source: null,
      } as const;
      return by({ type: 'SetEntitlement', data });
    }
    case 'transfer':
      return by({ type: 'TransferQuota', data: transferOf(step, quotaId) });
    case 'cascade':
      return by({ type: 'DeleteQuota', data: { quotaId, children: 'cascade' } });
    case 'move':
      return by({ type: 'MoveQuota', data: moveOf(step) });
    case 'bulk':
      return by({ type: 'ChangeTree', data: { steps: bulkOf(step, quotaId, limit) } });
    case 'skew': {
      const skewed = skewedOf(stream, step, quotaId);
      return skewed.length === 0 ? null : by({ type: 'ChangeTree', data: { steps: skewed } });
    }
    case 'rebound':
      return by({ type: 'RegisterApplication', data: otherTerms(step) });
    case 'delete':
      return by({ type: 'DeleteQuota', data: { quotaId, children: 'refuse' } });
    case 'wait':
      return null;
  }
}

/** Some hours from now. */
function endOf(stream: HistoryMoment, { other }: Step): bigint {
  return stream.now + BigInt(1 + (other % 20)) * HOUR;
}

/** Some content that the quota had, and a version that it held at. */
function restorationOf(
  stream: HistoryMoment,
  quotaId: string,
  choice: number,
): CommandData<'RestoreQuota'> | null {
  const contents = contentsByQuota(stream.events).get(quotaId) ?? [];
  const chosen = contents[choice % contents.length];
  return chosen === undefined ? null : { quotaId, version: chosen.since, content: chosen.content };
}

/** Of a registration: bounds, a second person, a default, and a resource that nobody speaks of but a suspension. */
function otherTerms(step: Step): CommandData<'RegisterApplication'> {
  const { resources } = registration;
  const [spare] = resources;
  const isMore = step.other % 2 === 1 && spare !== undefined;
  return {
    ...registration,
    ...termsOf(step),
    defaultMode: step.other % 3 === 0 ? 'shadow' : 'enforce',
    resources: isMore ? [...resources, { ...spare, name: 'spare' }] : resources,
  };
}

/** Other bounds for the quotas that have none of their own, of one resource none; at times a second person. */
function termsOf({ amount, other, resource }: Step) {
  const min = BigInt(1 + (other % (amount + 1)));
  const bounds = { min, max: min + BigInt(amount) };
  const named = ['cores', 'credits', 'sessions', 'tokens'].filter((_, index) => index !== resource);
  const raiseApprovalAboveBasisPoints = other % 4 === 0 ? 5_000 : null;
  const changePolicy = { ...noTerms.changePolicy, raiseApprovalAboveBasisPoints };
  return {
    rightsizing: named.map((name) => ({
      resource: name,
      ...bounds,
      workload: null,
      pinned: false,
    })),
    changePolicy,
  };
}

function requestOf(
  quotaId: string,
  limit: ResourceLimit,
): { readonly body: CommandBody; readonly sender: Sender } {
  const data = { quotaId, limits: [limit], unsetLimits: [] };
  return { body: { type: 'RequestIncrease', data }, sender: consumer };
}

/** An answer to one of the open proposals. */
function answerOf(
  { state }: HistoryMoment,
  step: Step,
): { readonly body: CommandBody; readonly sender: Sender } | null {
  const open = state?.kind === 'application' ? [...state.proposals.keys()] : [];
  const proposalId = open[step.quota % Math.max(open.length, 1)];
  if (proposalId === undefined) return null;
  const data = { proposalId };
  if (step.action === 'withdraw')
    return { body: { type: 'WithdrawProposal', data }, sender: consumer };
  const type = step.action === 'reject' ? 'RejectProposal' : 'ApproveProposal';
  return { body: { type, data }, sender: operator };
}

/** To another payer, another owner, or both. */
function transferOf({ amount, other }: Step, quotaId: string): CommandData<'TransferQuota'> {
  const project = other % 2 === 0 ? 'acme/assistant' : 'acme/search';
  const owner = amount % 2 === 0 ? 'team-ads' : 'team-search';
  const wanted = amount % 3;
  return {
    quotaId,
    owner: wanted === 0 ? null : owner,
    project: wanted === 1 ? null : project,
  };
}

function moveOf(step: Step): CommandData<'MoveQuota'> {
  const placeOf = (number: number): string => places[number % places.length] ?? places[0];
  return { quotaId: placeOf(step.quota + step.other), toQuotaId: placeOf(step.amount) };
}

const noStep: TreeStep = {
  expectedVersion: null,
  create: null,
  change: null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
};

/**
 * A quota and its parent that change together, each in one part of its limit alone: one part of a sum may
 * grow while another meets a lower limit.
 */
function skewedOf(stream: HistoryMoment, step: Step, quotaId: string): TreeStep[] {
  const ids = [parentOf(quotaId), quotaId];
  const { resource } = limitOf(step);
  return ids.flatMap((id, index) => {
    const quota = stream.state?.kind === 'application' ? stream.state.quotas.get(id) : undefined;
    const now = quota === undefined ? null : declaredLimit(quota, resource);
    if (now === null) return [];
    const number = index === 0 ? step.amount : step.other + 1;
    const isUp = (step.other >> index) % 2 === 0;
    const part = partsOf(now)[number % partsOf(now).length] ?? 'amount';
    const value = now[part] ?? now.amount;
    const moved = isUp ? value + BigInt(number) : value / BigInt(1 + (number % 5));
    const limit = { ...now, [part]: moved };
    return [{ ...noStep, change: { ...noChange, quotaId: id, setLimits: [limit] } }];
  });
}

function partsOf({ kind }: ResourceLimit): readonly ('amount' | 'guaranteed' | 'burst')[] {
  if (kind === 'capacity') return ['amount', 'guaranteed'];
  return kind === 'rate' ? ['amount', 'burst'] : ['amount'];
}

/** Two limits that change together, and then something of the tree's form. */
function bulkOf(step: Step, quotaId: string, limit: ResourceLimit): TreeStep[] {
  const other = quotaIds[(step.quota + step.other) % quotaIds.length] ?? quotaIds[0];
  const second = limitOf({ ...step, amount: 1 + (step.other % 60), other: step.amount });
  const setting = (id: string, set: ResourceLimit): TreeStep => ({
    ...noStep,
    change: { ...noChange, quotaId: id, setLimits: [set] },
  });
  const forms: readonly TreeStep[] = [
    { ...noStep, move: moveOf(step) },
    { ...noStep, create: { quotaId: 'moka/z/n', content: contentOf('moka/z/n', [second]) } },
    { ...noStep, delete: { quotaId: other, children: 'cascade' } },
  ];
  const form = forms[step.amount % (forms.length + 1)];
  const changes = [setting(quotaId, limit), setting(other, second)];
  if (form === undefined) return changes;
  return step.other % 2 === 0 ? [...changes, form] : [form, ...changes];
}

function cutOf(stream: HistoryMoment, step: Step, budgetId: string): CommandBody {
  const cuts = [0, 1, 2, 3, 4].map((tier) => (step.amount * 997 * tier) % 10_001);
  const floors = [0, 1, 2, 3, 4].map((tier) => (step.other * 131 * (4 - tier)) % 10_001);
  return applyHaircut(cuts, floors, {
    budgetId,
    windowStart: stream.now - HOUR,
    windowEnd: stream.now + HOUR,
  });
}

export function liftOf(budgetId: string): CommandBody {
  const data = { project: 'acme/assistant', budgetId, spend: '1', budget: '2', ...wholeCut };
  return { type: 'LiftHaircut', data: { ...data, cause: 'budget_raised' } };
}

/** Half of the quotas leave their bounds to the application. */
function contentOf(quotaId: string, limits: readonly ResourceLimit[]) {
  const names = quotaId.length % 2 === 0 ? ['cores', 'credits', 'sessions', 'tokens'] : [];
  const rightsizing = names.map((resource) => ({
    resource,
    min: 1n,
    max: 60n,
    workload: null,
    pinned: false,
  }));
  const isTop = quotaId === 'moka/p' || quotaId === 'moka/q';
  const project = isTop ? PAYER : null;
  return content(limits, { rightsizing, project, tier: quotaId.length % 5 });
}

/** What a rightsizer would send: the limit of now with another amount. */
function resizedFrom(stream: HistoryMoment, quotaId: string, limit: ResourceLimit): ResourceLimit {
  const quota = stream.state?.kind === 'application' ? stream.state.quotas.get(quotaId) : undefined;
  const now = quota === undefined ? null : declaredLimit(quota, limit.resource);
  return now?.bound === 'amount' ? { ...now, amount: limit.amount } : limit;
}

/** Small numbers, so that limits meet; one in twelve is blocked or unlimited. */
function limitOf(step: Step): ResourceLimit {
  const amount = BigInt(step.amount);
  const other = BigInt(step.other);
  const perMicros = BigInt(1 + (step.other % 3)) * SECOND;
  const burst = step.other % 4 === 0 ? other + 1n : null;
  const byResource = [
    tokens(amount, { perMicros, burst }),
    cores(other < amount ? other : amount, amount),
    credits(amount, step.other % 9 === 8 ? 'P1M' : 'P1D'),
    sessions(amount),
  ];
  const limit = byResource[step.resource % byResource.length] ?? sessions(amount);
  if (step.amount % 12 === 11) return unbounded(limit, 'blocked');
  return step.amount % 36 === 10 ? unbounded(limit, 'unlimited') : limit;
}
