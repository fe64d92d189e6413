/** A small application, and short forms of what tests speak of. */
import type {
  ChangePolicy,
  Evidence,
  QuotaContent,
  RequestTerms,
  ResourceLimit,
  RightsizeBounds,
} from '@prorata/schemas';
import { unchangedTerms } from '../decide/limitsChange.ts';
import { MEANING_VERSION } from '../registrationMeaning.ts';
import type { Fact, FactOf } from './given.ts';
import { DAY, SECOND, START } from './stamp.ts';
import type { CommandData } from './stamp.ts';

/** What a registration says when it asks for no checks, bounds or dispatchers. */
export const noTerms = {
  attributesSchema: null,
  rules: [],
  validators: [],
  rightsizing: [],
  changePolicy: {
    raiseApprovalAboveBasisPoints: null,
    creationApprovalAboveBasisPoints: null,
    overrideAboveApprovalMicrosMax: null,
    decreaseStepMaxBasisPoints: null,
    robotStepMaxBasisPoints: null,
    usageMaxAgeMicros: null,
  },
  dispatchers: [],
  robotRollout: null,
} as const;

export const registration: CommandData<'RegisterApplication'> = {
  displayName: 'Moka',
  levels: ['environment', 'team'],
  resources: [
    { name: 'cores', kind: 'capacity', unit: 'milli-vcore', total: 1_000n, totalSource: null },
    { name: 'credits', kind: 'consumable', unit: 'credit', total: null, totalSource: null },
    { name: 'sessions', kind: 'concurrency', unit: 'session', total: null, totalSource: null },
    { name: 'tokens', kind: 'rate', unit: 'token', total: null, totalSource: null },
  ],
  defaultMode: 'enforce',
  defaultOnStale: 'hold',
  robotChanges: 'propose',
  proposalLifetimeMicros: 7n * DAY,
  ...noTerms,
};

const nothing = {
  amount: 0n,
  perMicros: null,
  burst: null,
  guaranteed: null,
  window: null,
  zone: null,
};

export function tokens(amount: bigint, more: Partial<ResourceLimit> = {}): ResourceLimit {
  return {
    ...nothing,
    resource: 'tokens',
    kind: 'rate',
    bound: 'amount',
    amount,
    perMicros: SECOND,
    ...more,
  };
}

export function cores(guaranteed: bigint, max: bigint): ResourceLimit {
  return {
    ...nothing,
    resource: 'cores',
    kind: 'capacity',
    bound: 'amount',
    amount: max,
    guaranteed,
  };
}

export function sessions(amount: bigint): ResourceLimit {
  return { ...nothing, resource: 'sessions', kind: 'concurrency', bound: 'amount', amount };
}

export function credits(amount: bigint, window = 'P1D', zone: string | null = null): ResourceLimit {
  const terms = { amount, window, zone };
  return { ...nothing, resource: 'credits', kind: 'consumable', bound: 'amount', ...terms };
}

export function unbounded(limit: ResourceLimit, bound: 'unlimited' | 'blocked'): ResourceLimit {
  return { ...limit, bound, amount: 0n, burst: null, guaranteed: null };
}

export function content(
  limits: readonly ResourceLimit[] = [],
  more: Partial<QuotaContent> = {},
): QuotaContent {
  return {
    owner: 'team-ads',
    project: null,
    tier: 2,
    cutPriority: 0,
    labels: {},
    attributes: '{}',
    limits,
    match: [],
    action: 'refuse',
    degradeTag: null,
    mode: null,
    onStale: null,
    requests: null,
    rightsizing: [],
    ...more,
  };
}

/** How requests are told apart, as though nobody had said, but for what is given. */
export function requestTerms(terms: Partial<RequestTerms> = {}): RequestTerms {
  return {
    eachOf: null,
    priority: 0,
    rampPercent: 100,
    scope: null,
    safeShareBasisPoints: null,
    counting: null,
    trial: null,
    ...terms,
  };
}

export const evidence: Evidence = {
  policy: 'demo-1',
  source: 'usage@7',
  windowStart: START - DAY,
  windowEnd: START,
  figures: { p99: '42' },
  inputsHash: '00',
};

/** What a robot would change, said before it changes anything. */
export function rehearsal(
  more: Partial<CommandData<'RecordRehearsal'>> = {},
): CommandData<'RecordRehearsal'> {
  return {
    policy: 'demo',
    policyVersion: 1n,
    tableVersion: 7n,
    wouldRaise: 1,
    wouldLower: 0,
    skipped: { WARMING_UP: 3 },
    examples: [
      { quotaId: 'moka/prod/ads', resource: 'tokens', from: 40n, to: 50n, reasons: ['REFUSALS'] },
    ],
    evidence,
    ...more,
  };
}

/** What one resource's entry among the bounds says, as though nobody had said, but for what is given. */
export function bounds(resource: string, terms: Partial<RightsizeBounds> = {}): RightsizeBounds {
  return { resource, min: 0n, max: 0n, workload: null, pinned: false, ...terms };
}

/** @param version the registration's own */
export function registeredAs(
  data: CommandData<'RegisterApplication'>,
  version = 1n,
): FactOf<'ApplicationRegistered'> {
  return {
    type: 'ApplicationRegistered',
    data: { ...data, version, meaningVersion: MEANING_VERSION },
  };
}

export const registered = registeredAs(registration);

/** As `registered`, with another change policy. */
export function registeredUnder(
  policy: Partial<ChangePolicy> = {},
): FactOf<'ApplicationRegistered'> {
  return registeredAs({ ...registration, changePolicy: { ...noTerms.changePolicy, ...policy } });
}

export function created(
  quotaId: string,
  limits: readonly ResourceLimit[] = [],
  more: Partial<QuotaContent> = {},
): FactOf<'QuotaCreated'> {
  return { type: 'QuotaCreated', data: { content: content(limits, more) }, quotaId };
}

/** What every sample of a cut shares. */
export const cutData = {
  project: 'acme/assistant',
  budgetId: 'monthly',
  windowStart: START - DAY,
  windowEnd: START + DAY,
  spend: '112',
  budget: '100',
  currency: 'USD',
  overrunBasisPoints: 1_200,
  tierPolicy: 'standard',
  tierPolicyVersion: 1n,
  evidence,
} as const;

/** A cut of one quota that has happened. */
export function haircutApplied(
  quotaId: string,
  cutBasisPoints: number,
  floorBasisPoints = 0,
  more: { readonly budgetId?: string } = {},
): Fact {
  return {
    type: 'HaircutApplied',
    data: { ...cutData, cutBasisPoints, floorBasisPoints, ...more },
    quotaId,
  };
}

/** An override that has happened. */
export function overridden(
  quotaId: string,
  limits: readonly ResourceLimit[],
  until: bigint,
  more: { readonly suspension?: boolean; readonly replacesOverride?: boolean } = {},
): Fact {
  const data = { limits, until, suspension: false, replacesOverride: false, ...more };
  return { type: 'QuotaOverridden', data, quotaId };
}

/** Of a command: all quotas at once. */
export const wholeCut = { cutId: null, after: null, most: 0 } as const;

/** A command that cuts by tier. */
export function applyHaircut(
  cutBasisPoints: readonly number[],
  floorBasisPoints: readonly number[] = [0, 0, 0, 0, 0],
  more: Partial<CommandData<'ApplyHaircut'>> = {},
): { readonly type: 'ApplyHaircut'; readonly data: CommandData<'ApplyHaircut'> } {
  return {
    type: 'ApplyHaircut',
    data: {
      ...cutData,
      ...wholeCut,
      cutBasisPoints,
      floorBasisPoints,
      priorityMin: [],
      ...more,
    },
  };
}

export const noChange: Omit<CommandData<'ChangeQuota'>, 'quotaId'> = {
  setLimits: [],
  unsetLimits: [],
  ...unchangedTerms,
};
