import type { ChangeQuota, ResourceLimit } from '@prorata/schemas';

/** What a change says of everything but limits when it leaves it as it is. */
export const unchangedTerms = {
  owner: null,
  tier: null,
  cutPriority: null,
  labels: null,
  attributes: null,
  match: null,
  action: null,
  degradeTag: null,
  mode: null,
  onStale: null,
  requests: null,
  rightsizing: null,
  onlySetLimits: false,
  labelsPatch: {},
  attributesPatch: null,
  clear: [],
} as const satisfies Partial<ChangeQuota>;

/** A change of some limits of a quota, and of nothing else. */
export function limitsChange(
  quotaId: string,
  setLimits: readonly ResourceLimit[],
  unsetLimits: readonly string[],
): Omit<ChangeQuota, 'envelope'> {
  return {
    quotaId,
    setLimits,
    unsetLimits,
    ...unchangedTerms,
  };
}
