import { noTerms } from '@prorata/quota-model/testing';
import { contentHash } from '@prorata/quota-model';
import type { EventDraft } from '@prorata/quota-model';
import type { Evidence, HaircutApplied, QuotaContent, ResourceLimit } from '@prorata/schemas';

/** `amount` tokens a second. */
export function tokensPerSecond(amount: bigint): ResourceLimit {
  return {
    resource: 'tokens',
    kind: 'rate',
    bound: 'amount',
    amount,
    perMicros: 1_000_000n,
    burst: null,
    guaranteed: null,
    window: null,
    zone: null,
  };
}

export function contentOf(change: Partial<QuotaContent> = {}): QuotaContent {
  return {
    owner: 'team-assistant',
    project: null,
    tier: 2,
    cutPriority: 0,
    labels: {},
    attributes: '{}',
    limits: [],
    match: [],
    action: 'refuse',
    degradeTag: null,
    mode: null,
    onStale: null,
    requests: null,
    rightsizing: [],
    ...change,
  };
}

export const evidence: Evidence = {
  policy: 'demand-p99@1',
  source: 'usage-table@7',
  windowStart: 1_772_440_000_000_000n,
  windowEnd: 1_772_445_000_000_000n,
  figures: { p99: '51234.5' },
  inputsHash: 'ab'.repeat(32),
};

export const registered: EventDraft = {
  type: 'ApplicationRegistered',
  data: {
    displayName: 'LLM gateway',
    levels: ['team', 'service'],
    resources: [
      { name: 'tokens', kind: 'rate', unit: 'token', total: null, totalSource: null },
      { name: 'requests', kind: 'concurrency', unit: 'request', total: null, totalSource: null },
    ],
    defaultMode: 'enforce',
    defaultOnStale: 'hold',
    robotChanges: 'propose',
    proposalLifetimeMicros: 86_400_000_000n,
    ...noTerms,
    version: 1n,
    meaningVersion: 1,
  },
  quotaId: null,
  quotaVersion: null,
};

const withHash = (content: QuotaContent) => ({ content, contentHash: contentHash(content) });

export function created(quotaId: string, content: QuotaContent): EventDraft {
  return { type: 'QuotaCreated', data: withHash(content), quotaId, quotaVersion: 1n };
}

export function changed(quotaId: string, quotaVersion: bigint, content: QuotaContent): EventDraft {
  return { type: 'QuotaChanged', data: withHash(content), quotaId, quotaVersion };
}

export function moved(quotaId: string, quotaVersion: bigint, toQuotaId: string): EventDraft {
  return { type: 'QuotaMoved', data: { toQuotaId }, quotaId, quotaVersion };
}

export function restored(
  quotaId: string,
  quotaVersion: bigint,
  fromVersion: bigint,
  content: QuotaContent,
): EventDraft {
  const data = { fromVersion, ...withHash(content) };
  return { type: 'QuotaRestored', data, quotaId, quotaVersion };
}

export function deleted(quotaId: string, quotaVersion: bigint): EventDraft {
  return { type: 'QuotaDeleted', data: {}, quotaId, quotaVersion };
}

export function haircut(
  quotaId: string,
  quotaVersion: bigint,
  change: Partial<Omit<HaircutApplied, 'envelope'>> = {},
): EventDraft {
  return {
    type: 'HaircutApplied',
    data: {
      project: 'acme/assistant',
      budgetId: 'daily',
      windowStart: 1_772_409_600_000_000n,
      windowEnd: 1_772_496_000_000_000n,
      spend: '112.000000000000',
      budget: '100',
      currency: 'USD',
      overrunBasisPoints: 1_200,
      tierPolicy: 'standard',
      tierPolicyVersion: 1n,
      cutBasisPoints: 2_500,
      floorBasisPoints: 1_000,
      evidence,
      ...change,
    },
    quotaId,
    quotaVersion,
  };
}

export function overridden(
  quotaId: string,
  quotaVersion: bigint,
  limits: readonly ResourceLimit[],
  until: bigint,
): EventDraft {
  return {
    type: 'QuotaOverridden',
    data: { limits, until, suspension: false, replacesOverride: false },
    quotaId,
    quotaVersion,
  };
}

export function overrideEnded(quotaId: string, quotaVersion: bigint): EventDraft {
  return { type: 'QuotaOverrideEnded', data: { end: 'expired' }, quotaId, quotaVersion };
}

export function proposed(
  proposalId: string,
  quotaId: string,
  quotaVersion: bigint,
  limit: ResourceLimit,
): EventDraft {
  return {
    type: 'ProposalOpened',
    data: { proposalId, limit, evidence, expiresAt: 1_772_532_000_000_000n },
    quotaId,
    quotaVersion,
  };
}

export const budgetDefined: EventDraft = {
  type: 'BudgetDefined',
  data: {
    budgetId: 'daily',
    project: 'acme/assistant',
    team: null,
    amount: '100.000000000001',
    currency: 'USD',
    window: { kind: 'calendar_day', timeZone: 'UTC', lengthMicros: null, anchor: null, count: 1 },
    priceBook: 'list',
    tierPolicy: 'standard',
    mode: 'enforce',
    thresholds: [{ basis: 'actual', basisPoints: 8_000 }],
    split: [{ application: 'llm', resource: 'tokens', basisPoints: 2_500 }],
    version: 1n,
  },
  quotaId: null,
  quotaVersion: null,
};
