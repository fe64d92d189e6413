import { windowFormOf } from '@prorata/quota-model/hosts';
import type { HostPlace, WindowForm } from '@prorata/quota-model/hosts';
import type { EnforcementMode, RateCounting, ResourceLimit, Rule } from '@prorata/schemas';
import { bucketFormOf } from './bucketForm.ts';
import type { BucketForm } from './bucketForm.ts';
import { calendarOf } from './calendarPeriods.ts';
import { ruleOnHost } from './ruleOnHost.ts';
import { DEGRADE, DELAY, MARK, REFUSE } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** A rule that this host cannot enforce as it stands; the last good one of its quota stays. */
export class UnenforceableRule extends Error {
  override readonly name = 'UnenforceableRule';
  readonly quotaId: string;
  readonly resource: string;
  constructor(quotaId: string, resource: string, why: string) {
    super(`The rule of ${quotaId} for ${resource} cannot be enforced: ${why}.`);
    this.quotaId = quotaId;
    this.resource = resource;
  }
}

interface LimitTerms {
  readonly resource: string;
  readonly bound: ResourceLimit['bound'];
  /** The host's share of a limit, as callers are told of it; absent: the limit stands in the rule. */
  readonly share?: ResourceLimit;
}

/** A limit in the numbers that decide. Capacity has none: it is not decided per request. */
export type CompiledLimit =
  | (LimitTerms & { readonly kind: 'rate'; readonly form: BucketForm })
  /** A rate in a sliding window. */
  | (LimitTerms & {
      readonly kind: 'sliding';
      readonly amount: number;
      readonly perMicros: number;
    })
  | (LimitTerms & { readonly kind: 'concurrency'; readonly max: number })
  | (LimitTerms & {
      readonly kind: 'consumable';
      readonly window: WindowForm;
      readonly amount: number;
    })
  | (LimitTerms & { readonly kind: 'capacity' });

export interface CompiledRule {
  /** The rule as it holds on this host; another object than `delivered` where that takes the candidate. */
  readonly source: Rule;
  readonly delivered: Rule;
  readonly limits: readonly CompiledLimit[];
  readonly after: { readonly wallMicros: number; readonly limits: readonly CompiledLimit[] } | null;
  /** Limits that are decided and counted by beside those in force, and never enforced. */
  readonly trial: readonly CompiledLimit[];
  /** What a request over a limit gets in enforce mode. */
  readonly overLimit: Verdict;
  /** The rule's, but for a host that its ramp leaves out. */
  readonly mode: EnforcementMode;
  /** Whether a request over a limit is refused and nothing else. */
  readonly isPlain: boolean;
  /** The request attribute whose values each have the limits for themselves; null: all share them. */
  readonly eachOf: string | null;
}

const verdictOf = { refuse: REFUSE, delay: DELAY, degrade: DEGRADE, mark: MARK } as const;

/** @param host decides whether a ramp takes this host in, and whether it takes a rollout's candidate
 * @throws UnenforceableRule */
export function compileRule(delivered: Rule, host: HostPlace): CompiledRule {
  const rule = ruleOnHost(delivered, host);
  const mode = modeOn(rule, host.hostId);
  const counting = rule.requests?.counting ?? 'token_bucket';
  return {
    source: rule,
    delivered,
    limits: compileLimits(rule.quotaId, rule.limits, counting),
    after:
      rule.after === null
        ? null
        : {
            wallMicros: atMost(rule.after.at),
            limits: compileLimits(rule.quotaId, rule.after.limits, counting),
          },
    trial: compileTrial(rule, counting),
    overLimit: verdictOf[rule.action],
    mode,
    isPlain: mode === 'enforce' && rule.action === 'refuse',
    eachOf: rule.requests?.eachOf ?? null,
  };
}

/** What the model takes of limits on trial, so that no other is counted by chance. */
function compileTrial(rule: Rule, counting: RateCounting): readonly CompiledLimit[] {
  const { trial, eachOf } = rule.requests ?? { trial: null, eachOf: null };
  return compileLimits(rule.quotaId, trial ?? [], counting).filter(
    ({ kind, bound }) =>
      bound === 'amount' && kind !== 'capacity' && !(kind === 'concurrency' && eachOf !== null),
  );
}

/** A host that a ramp leaves out only counts; one that a small ramp takes in stays in a greater one. */
function modeOn(rule: Rule, hostId: string): EnforcementMode {
  const ramp = rule.requests?.rampPercent ?? 100;
  if (rule.mode !== 'enforce' || ramp >= 100) return rule.mode;
  return hashOf(`${rule.quotaId} ${hostId}`) % 100 < ramp ? 'enforce' : 'shadow';
}

/** FNV-1a over UTF-16 code units, 32 bits: the same on every host, and even enough for percents. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV change little with the last characters.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * A host's share of a limit. A share of a rate is counted by a bucket, whatever the rule says of windows: it is a few
 * units a second, or less than one.
 * @throws UnenforceableRule
 */
export const compileShare = (
  quotaId: string,
  share: ResourceLimit,
  declared: ResourceLimit,
): CompiledLimit => ({
  ...compileLimit(quotaId, share, 'token_bucket'),
  share: inPeriodOf(declared, share),
});

/** Micro-units a second mean nothing to a caller, who knows the declared period; less than a unit in it is one. */
function inPeriodOf({ perMicros }: ResourceLimit, share: ResourceLimit): ResourceLimit {
  if (perMicros === null || share.perMicros === null || perMicros === share.perMicros) return share;
  const amount = (share.amount * perMicros) / share.perMicros;
  return { ...share, amount: amount > 1n ? amount : 1n, perMicros };
}

function compileLimits(
  quotaId: string,
  limits: readonly ResourceLimit[],
  counting: RateCounting,
): CompiledLimit[] {
  const seen = new Set<string>();
  return limits.map((limit) => {
    if (seen.has(limit.resource)) {
      throw new UnenforceableRule(quotaId, limit.resource, 'it is limited twice');
    }
    seen.add(limit.resource);
    return compileLimit(quotaId, limit, counting);
  });
}

function compileLimit(
  quotaId: string,
  limit: ResourceLimit,
  counting: RateCounting,
): CompiledLimit {
  const { resource, bound, kind } = limit;
  const amounts = [limit.amount, limit.burst ?? 0n];
  if (amounts.some((amount) => amount < 0n)) {
    throw new UnenforceableRule(quotaId, resource, 'an amount is negative');
  }
  switch (kind) {
    case 'rate':
      if (limit.perMicros !== null && limit.perMicros <= 0n) {
        throw new UnenforceableRule(quotaId, resource, 'its period is not positive');
      }
      return counting === 'sliding_window'
        ? { resource, bound, kind: 'sliding', ...slidingTerms(limit) }
        : { resource, bound, kind, form: bucketFormOf(limit) };
    case 'concurrency':
      return { resource, bound, kind, max: atMost(limit.amount) };
    case 'consumable': {
      return {
        resource,
        bound,
        kind,
        window: windowOf(quotaId, limit),
        amount: atMost(limit.amount),
      };
    }
    case 'capacity':
      return { resource, bound, kind };
  }
}

/** A burst has no place here; where a level above has a smaller one, that level's own limit holds it. */
function slidingTerms({ amount, perMicros }: ResourceLimit): { amount: number; perMicros: number } {
  return { amount: atMost(amount), perMicros: atMost(perMicros ?? 1_000_000n) };
}

function windowOf(quotaId: string, { resource, window, zone }: ResourceLimit): WindowForm {
  const form = windowFormOf(window ?? '', zone);
  if (form === null) throw new UnenforceableRule(quotaId, resource, `no window "${window ?? ''}"`);
  if (form.kind !== 'calendar') return form;
  try {
    calendarOf(form);
  } catch {
    throw new UnenforceableRule(quotaId, resource, `this host knows no time zone "${form.zone}"`);
  }
  return form;
}

/** Rounded down to what a double counts exactly: stricter by what no host reaches. */
function atMost(amount: bigint): number {
  return amount > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(amount);
}
