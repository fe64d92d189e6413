import type { Rule } from '@prorata/schemas';
import { rate } from './eventScript.ts';

/** A rule of five tokens a second, which nothing else is said of. */
export const ruleOf = (quotaId: string, eventOffset: bigint, tag: string | null = null): Rule => ({
  application: quotaId.split('/')[0] ?? '',
  quotaId,
  quotaVersion: 1n,
  eventOffset,
  decidedAt: 0n,
  limits: [rate(5n)],
  match: [],
  action: 'refuse',
  degradeTag: tag,
  mode: 'enforce',
  onStale: 'hold',
  requests: null,
  tier: 2,
  project: null,
  after: null,
  candidate: null,
});
