import { isJson, textIn } from './json.ts';
import type { Plan } from './plan.ts';
import { actionsOf } from './plan.ts';

/** Lists of a price book whose entries hold from a moment on. */
const DATED = /^(prices|sharedCosts|idle)\./;

/**
 * What a plan would have said otherwise of the past: entries of price books there are that begin
 * before `now`. Usage since is priced anew by them, so somebody should say why.
 * @returns as a person would name them: `list: prices.llm tokens 2026-01-01T00:00:00Z`
 */
export function termsOfThePast(plan: Pick<Plan, 'commands'>, now: Date): readonly string[] {
  return actionsOf(plan)
    .filter(({ what, kind }) => what === 'price book' && kind === 'change')
    .flatMap(({ id, differences }) =>
      differences
        .filter(({ field, before, after }) => DATED.test(field) && isPast(after ?? before, now))
        .map(({ field }) => `${id}: ${field}`),
    );
}

function isPast(entry: unknown, now: Date): boolean {
  return isJson(entry) && Date.parse(textIn(entry, 'effectiveFrom')) <= now.getTime();
}
