/** The quotas that one command of a cut looks at, in the order of their ids. */
import type { ApplyHaircut, LiftHaircut, Violation } from '@prorata/schemas';
import type { OrderedIds } from '../indexes/orderedIds.ts';
import { cutKey } from '../indexes/quotaIndexes.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { CUT_PAGE_MAX, EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { violation } from './answer.ts';

export type Page = Pick<ApplyHaircut | LiftHaircut, 'after' | 'most'>;

export interface CutPage {
  readonly quotas: readonly QuotaState[];
  /** Where to go on after; null at the end. */
  readonly next: string | null;
}

export function pageViolations({ most }: Page): Violation[] {
  if (Number.isInteger(most) && most >= 0 && most <= CUT_PAGE_MAX) return [];
  const message = `A page is of 1 to ${CUT_PAGE_MAX} quotas; 0 stands for all at once.`;
  return [violation('HAIRCUT_INVALID', '/most', message)];
}

/** Quotas that the project pays for. */
export function paidBy(state: ApplicationState, project: string, page: Page): CutPage | Violation {
  return pageOf(state, state.paid.get(project), page);
}

/** Quotas on which a cut of the budget lies for the project. */
export function cutBy(
  state: ApplicationState,
  project: string,
  budgetId: string,
  page: Page,
): CutPage | Violation {
  return pageOf(state, state.cut.get(cutKey(project, budgetId)), page);
}

/** All at once are refused where they are more than one decision may change: none of them is looked at then. */
function pageOf(
  state: ApplicationState,
  ids: OrderedIds | undefined,
  { after, most }: Page,
): CutPage | Violation {
  const size = ids?.size ?? 0;
  if (most === 0 && size > EVENTS_PER_DECISION_MAX) {
    const message = `It is about ${size} quotas; at most ${EVENTS_PER_DECISION_MAX} are changed at once: ask for pages.`;
    return violation('TOO_MANY_EVENTS', '/project', message);
  }
  const wanted = most === 0 ? EVENTS_PER_DECISION_MAX : most;
  const found = ids?.after(after ?? '', wanted + 1) ?? [];
  const quotas = found.slice(0, wanted).flatMap((id) => state.quotas.get(id) ?? []);
  return { quotas, next: found.length > wanted ? (quotas.at(-1)?.quotaId ?? null) : null };
}
