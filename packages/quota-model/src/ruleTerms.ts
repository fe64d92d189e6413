/** What a rule says beside its limits. */
import type { QuotaContent, Rule } from '@prorata/schemas';
import type { Registration } from './model.ts';

export type RuleTerms = Pick<
  Rule,
  'match' | 'action' | 'degradeTag' | 'mode' | 'onStale' | 'tier' | 'requests'
>;

/** As the quota declares it; of what it leaves open, as its application's registration presets it. */
export function ruleTerms(content: QuotaContent, registration: Registration): RuleTerms {
  return {
    match: content.match,
    action: content.action,
    degradeTag: content.degradeTag,
    mode: content.mode ?? registration.defaultMode,
    onStale: content.onStale ?? registration.defaultOnStale,
    tier: content.tier,
    requests: content.requests,
  };
}
