/** The quotas that one command of a cut looks at, in the order of their ids. */
import type { ApplyHaircut, LiftHaircut, Violation } from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { CUT_PAGE_MAX } from '../modelBounds.ts';
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

/**
 * Quotas that the project pays for. One project pays for a whole subtree below the level where it is
 * named, so that what another one pays for is not walked.
 */
export function paidBy(state: ApplicationState, project: string, page: Page): CutPage {
  const collected = new Collected(page);
  const visit = (parent: string, inherited: string | null): void => {
    for (const quotaId of state.children.get(parent) ?? []) {
      const wantsBelow = collected.wantsBelow(quotaId);
      // Most of many siblings are of other pages: they are passed by on their ids alone.
      if (!wantsBelow && !collected.wants(quotaId)) continue;
      const quota = state.quotas.get(quotaId);
      if (quota === undefined) continue;
      const payer = quota.content.project ?? inherited;
      if (payer === project) collected.add(quota);
      const mayPayBelow = payer === null || payer === project;
      if (mayPayBelow && wantsBelow) visit(quotaId, payer);
    }
  };
  visit(state.id, null);
  return collected.page();
}

/** Quotas on which a cut of the budget lies for the project. */
export function cutBy(
  state: ApplicationState,
  project: string,
  budgetId: string,
  page: Page,
): CutPage {
  const collected = new Collected(page);
  for (const quota of state.quotas.values()) {
    if (quota.haircuts.get(budgetId)?.project === project) collected.add(quota);
  }
  return collected.page();
}

/**
 * Keeps the first `most` and one more of what comes after `after`, in whatever order it comes: what is kept is
 * sorted and cut back whenever it has doubled, so that a page costs little more than a look at each.
 */
class Collected {
  readonly #after: string;
  readonly #most: number;
  #kept: QuotaState[] = [];
  /** What comes after it is not wanted any more; null while everything is. */
  #last: string | null = null;

  constructor({ after, most }: Page) {
    this.#after = after ?? '';
    this.#most = most === 0 ? Infinity : most;
  }

  add(quota: QuotaState): void {
    if (!this.wants(quota.quotaId)) return;
    this.#kept.push(quota);
    if (this.#kept.length > 2 * (this.#most + 1)) this.#cutBack();
  }

  wants(quotaId: string): boolean {
    return quotaId > this.#after && (this.#last === null || quotaId <= this.#last);
  }

  /**
   * Whether ids below a node can be wanted: they all lie from `<id>/` up to before `<id>0`. Where the
   * other does not start with the id, comparing with the id itself says the same and makes no text.
   */
  wantsBelow(quotaId: string): boolean {
    const isAfter = this.#after.startsWith(quotaId)
      ? this.#after < `${quotaId}0`
      : this.#after < quotaId;
    if (!isAfter || this.#last === null) return isAfter;
    return this.#last.startsWith(quotaId) ? `${quotaId}/` < this.#last : quotaId < this.#last;
  }

  page(): CutPage {
    this.#cutBack();
    const hasMore = this.#kept.length > this.#most;
    const quotas = hasMore ? this.#kept.slice(0, this.#most) : this.#kept;
    return { quotas, next: hasMore ? (quotas.at(-1)?.quotaId ?? null) : null };
  }

  #cutBack(): void {
    this.#kept.sort((a, b) => byCodeUnit(a.quotaId, b.quotaId));
    if (this.#kept.length <= this.#most) return;
    this.#kept = this.#kept.slice(0, this.#most + 1);
    this.#last = this.#kept.at(-1)?.quotaId ?? null;
  }
}
