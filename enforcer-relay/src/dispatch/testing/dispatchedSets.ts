/** Sets of quotas as a relay's fold would hand them over. */
import type { ResourceDeclaration, ResourceLimit, Rule } from '@prorata/schemas';
import type { DispatchedQuota, DispatchedSet } from '../dispatcher.ts';

export const noRule: Omit<Rule, 'application' | 'quotaId' | 'limits'> = {
  quotaVersion: 1n,
  eventOffset: 1n,
  decidedAt: 1_800_000_000_000_000n,
  match: [],
  action: 'refuse',
  degradeTag: null,
  mode: 'enforce',
  onStale: 'hold',
  tier: 2,
  project: null,
  after: null,
  requests: null,
  candidate: null,
};

export const resource = (
  name: string,
  kind: ResourceDeclaration['kind'],
  unit: string,
): ResourceDeclaration => ({ name, kind, unit, total: null, totalSource: null });

export interface QuotaSample {
  readonly limits: readonly ResourceLimit[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rule?: Partial<Rule>;
}

/** @param quotas by id */
export function dispatchedSet(
  application: string,
  resources: readonly ResourceDeclaration[],
  quotas: Readonly<Record<string, QuotaSample>>,
): DispatchedSet {
  const sorted = Object.entries(quotas).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    application,
    resources: new Map(resources.map((each) => [each.name, each])),
    quotas: sorted.map(([quotaId, sample]): DispatchedQuota => {
      const { limits, attributes = {}, labels = {}, rule = {} } = sample;
      return {
        rule: { ...noRule, application, quotaId, limits: [...limits], ...rule },
        attributes,
        labels,
      };
    }),
  };
}

type Amount = bigint | 'blocked' | 'unlimited';

const nothing = {
  amount: 0n,
  perMicros: null,
  burst: null,
  guaranteed: null,
  window: null,
  zone: null,
};

const bounded = (amount: Amount): Pick<ResourceLimit, 'bound' | 'amount'> =>
  typeof amount === 'bigint' ? { bound: 'amount', amount } : { bound: amount, amount: 0n };

export const capacity = (
  name: string,
  most: Amount,
  guaranteed: bigint | null = null,
): ResourceLimit => ({
  ...nothing,
  resource: name,
  kind: 'capacity',
  ...bounded(most),
  guaranteed,
});

export const concurrency = (name: string, most: Amount): ResourceLimit => ({
  ...nothing,
  resource: name,
  kind: 'concurrency',
  ...bounded(most),
});

export const ratePerSecond = (name: string, most: Amount): ResourceLimit => ({
  ...nothing,
  resource: name,
  kind: 'rate',
  ...bounded(most),
  perMicros: 1_000_000n,
});
