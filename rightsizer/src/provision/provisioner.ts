import { isDecimal, isNegative, isZero } from '@prorata/quota-model';
import type { BudgetState, OrganizationState } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandDesk } from '../commandDesk.ts';
import { isOfTheDoor } from '../throttle/doorCodes.ts';
import type { FollowedView } from '../view/followView.ts';
import type { LogView } from '../view/logView.ts';
import { allocationCommand } from './allocationCommand.ts';
import { entitlementPlan } from './entitlementPlan.ts';
import type { EntitlementPlan, PlannedShare } from './entitlementPlan.ts';

export interface ProvisionerParts {
  readonly view: Pick<FollowedView, 'view' | 'settle'>;
  readonly desk: CommandDesk;
  /** How long an allocation rests that was refused, by the organization or the application. */
  readonly refusalRestMs: number;
}

/** A budget with a split, as it was looked at. */
export interface ProvisionedBudget {
  readonly organization: string;
  readonly plan: EntitlementPlan;
  readonly posted: readonly PostedAllocation[];
}

export interface PostedAllocation {
  readonly planned: PlannedShare;
  readonly answer: CommandAnswer;
}

export interface ProvisionEvaluation {
  /** Microseconds. */
  readonly at: bigint;
  readonly putOff: 'VIEW_BEHIND' | null;
  readonly budgets: readonly ProvisionedBudget[];
}

/** There is no such budget; the amount is no decimal above 0. */
export type NoPlan = 'unknown' | 'not_an_amount';

/** What was asked for on the same grounds, and until when it is not asked for again. */
interface Tried {
  readonly grounds: string;
  readonly attempt: number;
  readonly until: bigint;
}

/** Commands of one evaluation: what is left is asked for at the next. */
const POSTS_MAX = 200;

/**
 * Hands out what budgets in force say by their split: more by itself, less only where it still holds what
 * quotas hold. What no longer fits is told, and never taken. What it knows follows from the log; what it remembers are rests.
 */
export class Provisioner {
  readonly #parts: ProvisionerParts;
  #tried = new Map<string, Tried>();

  constructor(parts: ProvisionerParts) {
    this.#parts = parts;
  }

  /** @param now microseconds */
  async evaluate(now: bigint): Promise<ProvisionEvaluation> {
    const { view } = this.#parts;
    if (!(await view.settle())) return { at: now, putOff: 'VIEW_BEHIND', budgets: [] };
    const budgets: ProvisionedBudget[] = [];
    const tried = new Map<string, Tried>();
    let left = POSTS_MAX;
    for (const organization of view.view.organizations()) {
      for (const budget of [...organization.budgets.values()].filter(hasSplit)) {
        const plan = this.#plan(organization, budget, budget.amount, now, false);
        const posted: PostedAllocation[] = [];
        for (const planned of plan.shares) {
          const { application, resource } = planned.share;
          const key = `${organization.id} ${budget.budgetId} ${application} ${resource}`;
          const known = this.#tried.get(key);
          if (known !== undefined) tried.set(key, known);
          if (left === 0 || !isDue(budget, planned)) continue;
          const answer = await this.#hand(organization, budget, planned, {
            key,
            known,
            now,
            tried,
          });
          if (answer === null) continue;
          left -= 1;
          posted.push({ planned, answer });
        }
        budgets.push({ organization: organization.id, plan, posted });
      }
    }
    this.#tried = tried;
    return { at: now, putOff: null, budgets };
  }

  /**
   * What the budget buys, or would buy if it were of another amount.
   * @param amount an exact decimal; null: what it is
   */
  plan(
    organization: string,
    budgetId: string,
    amount: string | null,
    now: bigint,
  ): EntitlementPlan | NoPlan {
    const state = this.#view.organization(organization);
    const budget = state?.budgets.get(budgetId);
    if (state === null || budget === undefined) return 'unknown';
    if (amount !== null && (!isDecimal(amount) || isNegative(amount) || isZero(amount))) {
      return 'not_an_amount';
    }
    return this.#plan(state, budget, amount ?? budget.amount, now, true);
  }

  get #view(): LogView {
    return this.#parts.view.view;
  }

  #plan(
    organization: OrganizationState,
    budget: BudgetState,
    amount: string,
    now: bigint,
    namesUnfit: boolean,
  ): EntitlementPlan {
    const view = this.#view;
    return entitlementPlan({
      organization,
      budget,
      amount,
      book: view.priceBook(budget.priceBook),
      application: (id) => view.application(id),
      now,
      namesUnfit,
    });
  }

  /** @returns null: it rests */
  async #hand(
    organization: OrganizationState,
    budget: BudgetState,
    planned: PlannedShare,
    {
      key,
      known,
      now,
      tried,
    }: {
      readonly key: string;
      readonly known: Tried | undefined;
      readonly now: bigint;
      readonly tried: Map<string, Tried>;
    },
  ): Promise<CommandAnswer | null> {
    const grounds = groundsOf(organization, budget, planned);
    const isSame = known?.grounds === grounds;
    if (isSame && known.until > now) return null;
    const attempt = isSame ? known.attempt + 1 : 0;
    const command = allocationCommand(organization.id, budget, planned, grounds, attempt);
    const answer = await this.#parts.desk.send(command);
    // Without an answer the same command is sent again, so that the log decides it once.
    if (answer.status === 'accepted' || (answer.status === 'refused' && !isOfTheDoor(answer))) {
      const until = now + BigInt(this.#parts.refusalRestMs) * 1_000n;
      tried.set(key, { grounds, attempt, until });
    }
    return answer;
  }
}

function hasSplit({ split }: BudgetState): boolean {
  return split.length > 0;
}

/** A budget that only rehearses hands out nothing either. */
function isDue({ mode }: BudgetState, { step }: PlannedShare): boolean {
  return mode === 'enforce' && (step === 'allocate' || step === 'release');
}

/** All that a decision follows from: on others it is another one. */
function groundsOf(
  { allocations }: OrganizationState,
  { version, project }: BudgetState,
  { share, target, unitCost, held }: PlannedShare,
): string {
  const allocation = allocations.get(`${project} ${share.application} ${share.resource}`);
  return [
    version,
    allocation?.accepted?.allocation ?? 0n,
    target,
    held,
    unitCost?.amount,
    unitCost?.perUnits,
    unitCost?.unitsPerWindow,
  ].join(' ');
}
