/** An organization from its first day to its last, as events. */
import type { EventDraft } from '@prorata/quota-model';
import { budgetDefined, evidence } from './drafts.ts';

type Body = EventDraft extends infer D
  ? D extends EventDraft
    ? Pick<D, 'type' | 'data'>
    : never
  : never;

function draft(body: Body): EventDraft {
  return { ...body, quotaId: null, quotaVersion: null };
}

const named = { owner: 'leads', displayName: 'Named' };
const place = { project: 'acme/assistant', application: 'llm', resource: 'tokens' };
const unitCost = {
  priceBook: 'list',
  priceBookVersion: 1n,
  currency: 'USD',
  amount: '0.000000000001',
  perUnits: 1n,
  unitsPerWindow: 1n,
};
const answered = { code: null, detail: null } as const;
const cutTerms = {
  budgetId: 'daily',
  project: 'acme/assistant',
  windowStart: 1_772_440_000_000_000n,
  windowEnd: 1_772_445_000_000_000n,
  spend: '112.5',
  budget: '100.000000000001',
  currency: 'USD',
  overrunBasisPoints: 1_249,
  tierPolicy: 'standard',
  tierPolicyVersion: 1n,
  cutBasisPoints: [0, 0, 1_000, 2_000, 5_000],
  floorBasisPoints: [0, 0, 0, 0, 0],
  priorityMin: [],
  evidence,
};
const cut = { ...cutTerms, lift: null };

const crossing = {
  budgetId: 'daily',
  windowStart: cut.windowStart,
  windowEnd: cut.windowEnd,
  basis: 'actual',
  basisPoints: 8_000,
  direction: 'up',
  spend: '80.000000000001',
  budget: '100.000000000001',
  currency: 'USD',
  forecast: null,
  low: null,
  high: null,
  chanceBasisPoints: null,
  evidence,
} as const;

const rehearsal = { ...cutTerms, applications: ['llm', 'moka'], step: 1, quotas: 12 };

const credit = {
  creditId: 'outage',
  project: 'acme/assistant',
  priceBook: 'list',
  amount: '25.000000000001',
  currency: 'USD',
  at: 1_772_440_000_000_000n,
};
const closed = {
  priceBook: 'list',
  priceBookVersion: 3n,
  currency: 'USD',
  // March of 2026 in Berlin.
  periodStart: 1_772_319_600_000_000n,
  periodEnd: 1_774_994_400_000_000n,
  organizationVersion: 14n,
  positions: [{ source: 'prorata.usage.events', partition: 0, nextOffset: 812n }],
  lines: 3n,
  total: '112.500000000001',
  linesSha256: new Uint8Array(32).fill(7),
};

/** What stands at the end of them is what the tests look at. */
export const organizationLives: readonly EventDraft[] = [
  draft({ type: 'OrganizationRegistered', data: { displayName: 'Acme', version: 1n } }),
  draft({ type: 'TeamDefined', data: { teamId: 'data', parent: null, ...named, version: 1n } }),
  draft({ type: 'TeamDefined', data: { teamId: 'gone', parent: 'data', ...named, version: 1n } }),
  draft({
    type: 'ProjectDefined',
    data: { project: 'acme/assistant', team: 'data', ...named, version: 1n },
  }),
  budgetDefined,
  draft({
    type: 'EntitlementAllocated',
    data: {
      budgetId: 'daily',
      ...place,
      bound: 'amount',
      amount: 7n,
      unitCost,
      cost: '0.000000000007',
      version: 6n,
    },
  }),
  draft({
    type: 'AllocationCompleted',
    data: { ...place, allocation: 6n, answer: 'accepted', ...answered },
  }),
  draft({
    type: 'EntitlementAllocated',
    data: {
      budgetId: 'daily',
      ...place,
      bound: 'amount',
      amount: 3n,
      unitCost,
      cost: '0.000000000003',
      version: 8n,
    },
  }),
  draft({
    type: 'AllocationCompleted',
    data: {
      ...place,
      allocation: 8n,
      answer: 'refused',
      code: 'ENTITLEMENT_EXCEEDED',
      detail: 'It holds 7.',
    },
  }),
  draft({ type: 'CutIntended', data: { ...cut, applications: ['llm', 'moka'], cutId: 10n } }),
  draft({
    type: 'CutCompleted',
    data: { budgetId: 'daily', cutId: 10n, application: 'llm', answer: 'accepted', ...answered },
  }),
  draft({ type: 'TeamRetired', data: { teamId: 'gone' } }),
  draft({ type: 'CreditGranted', data: credit }),
  draft({ type: 'CreditGranted', data: { ...credit, creditId: 'whole', project: null } }),
  draft({ type: 'PeriodClosed', data: closed }),
  draft({ type: 'BudgetThresholdCrossed', data: crossing }),
  draft({
    type: 'BudgetOverridden',
    data: { budgetId: 'daily', until: 1_772_445_000_000_000n },
  }),
  draft({ type: 'CutRehearsed', data: rehearsal }),
];

/** What ends it all. */
export const organizationEnds: readonly EventDraft[] = [
  draft({ type: 'BudgetRetired', data: { budgetId: 'daily' } }),
  draft({ type: 'CreditWithdrawn', data: { ...credit, grantedVersion: 13n } }),
  draft({ type: 'ProjectRetired', data: { project: 'acme/assistant' } }),
  draft({ type: 'TeamRetired', data: { teamId: 'data' } }),
];
