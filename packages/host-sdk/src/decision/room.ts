import type { LimitKind } from '@prorata/schemas';
import type { PathLimit, PathResource } from './quotaPath.ts';
import { DELAY, NEVER, REFUSE } from './verdict.ts';

/** What one limit has room for now. */
export interface LimitRoom {
  readonly quotaId: string;
  readonly resource: string;
  readonly kind: LimitKind;
  /** What the limit, or this host's share of it, gives, in base units: in a period or a window, or at once. */
  readonly amount: number;
  /** Rates: the time of the amount, microseconds. null: of another kind. */
  readonly perMicros: number | null;
  /** Consumables: the window, as it was declared. */
  readonly window: string | null;
  /** The largest cost that there is room for. */
  readonly left: number;
  /** Until there may be room for more than that, microseconds; NEVER: there never is. */
  readonly moreInMicros: number;
}

/** Beyond it a cost is no amount. */
const COST_MAX = Number.MAX_SAFE_INTEGER;

/**
 * What the limits that can hold a request up have room for, nearest first, at the moment and in the
 * slots that the entry was selected for. It asks the limits as a decision would, so that it holds for
 * every kind of them: some 50 questions each, a microsecond in all.
 */
export function roomOf(entry: PathResource): LimitRoom[] {
  return [...entry.amounts, ...entry.permits].filter(binds).flatMap((limit) => {
    const terms = termsOf(limit, entry.resource);
    if (terms === undefined) return [];
    const left = limit.state === null ? 0 : largestCost(limit, Number(terms.burst ?? terms.amount));
    return {
      quotaId: limit.quotaId,
      resource: entry.resource,
      kind: terms.kind,
      amount: Math.min(COST_MAX, Number(terms.amount)),
      perMicros: terms.perMicros === null ? null : Number(terms.perMicros),
      window: terms.window,
      left,
      moreInMicros: moreIn(limit, left),
    };
  });
}

/** Whether a request over the limit is held up; others tell a caller nothing. */
function binds({ rule }: PathLimit): boolean {
  return rule.mode === 'enforce' && (rule.overLimit === REFUSE || rule.overLimit === DELAY);
}

function termsOf({ rule, compiled }: PathLimit, resource: string) {
  if (compiled.share !== undefined) return compiled.share;
  const { source } = rule;
  const limits = rule.limits.includes(compiled) ? source.limits : (source.after?.limits ?? []);
  return limits.find((limit) => limit.resource === resource);
}

function largestCost({ state, slot }: PathLimit, most: number): number {
  if (state === null || !state.hasRoom(slot, 1)) return 0;
  let [low, high] = [1, Math.max(1, Math.min(COST_MAX, most))];
  if (state.hasRoom(slot, high)) return high;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (state.hasRoom(slot, middle)) low = middle;
    else high = middle;
  }
  return low;
}

function moreIn({ state, slot }: PathLimit, left: number): number {
  const more = Math.min(COST_MAX, left + 1);
  if (state === null) return NEVER;
  if (state.hasRoom(slot, more)) return 0;
  const wait = new Float64Array(1);
  state.waitFor(slot, more, wait);
  return wait[0] ?? NEVER;
}
