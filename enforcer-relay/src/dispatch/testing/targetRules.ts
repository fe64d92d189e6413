/** Rules as the relay makes them, in short forms: what targets are rendered from. */
import type { LimitKind, ResourceLimit, Rule } from '@prorata/schemas';
import { noRule } from './dispatchedSets.ts';

type Numbers = Partial<Pick<ResourceLimit, 'perMicros' | 'burst' | 'guaranteed' | 'window'>>;

/** @param bound a number of base units, or a word */
export function limit(
  resource: string,
  kind: LimitKind,
  bound: bigint | 'unlimited' | 'blocked',
  numbers: Numbers = {},
): ResourceLimit {
  const isNumber = typeof bound === 'bigint';
  return {
    resource,
    kind,
    bound: isNumber ? 'amount' : bound,
    amount: isNumber ? bound : 0n,
    perMicros: kind === 'rate' ? 1_000_000n : null,
    burst: null,
    guaranteed: null,
    window: null,
    zone: null,
    ...numbers,
  };
}

/** Enforced, of tier 2, refusing. */
export function rule(
  quotaId: string,
  limits: readonly ResourceLimit[],
  more: Partial<Rule> = {},
): Rule {
  const application = quotaId.slice(0, quotaId.indexOf('/'));
  return { ...noRule, application, quotaId, limits, ...more };
}
