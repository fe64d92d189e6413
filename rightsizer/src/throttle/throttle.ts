import type { BudgetState } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandDesk, LoopCommand } from '../commandDesk.ts';
import type { Policy } from '../policy.ts';
import type { UsageReader, UsageSnapshot } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { FollowedView } from '../view/followView.ts';
import { windowAt } from './budgetWindows.ts';
import { judgeBudget } from './judgeBudget.ts';
import type { BudgetInputs, BudgetVerdict, Frozen, ThrottleAction } from './judgeBudget.ts';
import { priceStarts, spendOf } from './spend.ts';
import { standingsOf } from './standings.ts';
import { applyCommand, liftCommand } from './throttleCommand.ts';
import type { ThrottleTerms } from './throttleCommand.ts';

export interface ThrottleParts {
  readonly view: FollowedView;
  readonly reader: UsageReader;
  readonly freshness: TableFreshness;
  readonly desk: CommandDesk;
  readonly policy: Policy;
}

/** One budget as it was looked at. */
export interface BudgetLook {
  readonly organization: string;
  readonly inputs: BudgetInputs;
  readonly verdict: BudgetVerdict;
  /** null: there is no table yet. */
  readonly tableVersion: number | null;
}

export interface PostedAction {
  readonly action: ThrottleAction;
  readonly answer: CommandAnswer;
}

export interface BudgetEvaluation extends BudgetLook {
  readonly posted: readonly PostedAction[];
}

/** A budget that could not be looked at, or acted on. */
export interface BudgetFault {
  readonly organization: string;
  readonly budgetId: string;
  readonly error: unknown;
}

export interface ThrottleEvaluation {
  /** Microseconds. */
  readonly at: bigint;
  readonly putOff: 'VIEW_BEHIND' | null;
  readonly budgets: readonly BudgetEvaluation[];
  /** The other budgets were looked at nonetheless. */
  readonly faults: readonly BudgetFault[];
}

/** Decisions that are remembered; the oldest are forgotten first. */
const DECISIONS_MAX = 10_000;

/** What became of a decision so far. */
interface Decided {
  readonly accepted: boolean;
  readonly refusals: number;
  /** Why it is not asked for again, and until when; null: it may be. */
  readonly rest: { readonly code: string; readonly detail: string; readonly until: bigint } | null;
}

const undecided: Decided = { accepted: false, refusals: 0, rest: null };

/**
 * The writer puts all events of a command into one transaction, whose size the broker bounds: a cut of
 * more quotas than fit is refused as a whole, and no later try helps.
 */
const tooLargeCodes = new Set(['COMMAND_TOO_LARGE', 'TOO_MANY_EVENTS']);

/**
 * Said of an earlier try of this very decision, from before a restart: what is folded shows that it
 * has changed nothing, so the decision is said anew, and at once.
 */
const ID_REUSED = 'COMMAND_ID_REUSED';

interface DueAction {
  readonly action: ThrottleAction;
  /** The id of the decision's first command; further ones follow refusals. */
  readonly decision: string;
  readonly command: LoopCommand;
  readonly subject: string;
}

/** Looks at every budget, and posts the cuts and lifts that its spend calls for. */
export class Throttle {
  readonly #parts: ThrottleParts;
  readonly #decided = new Map<string, Decided>();

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
  }

  /** @param now microseconds */
  async evaluate(now: bigint): Promise<ThrottleEvaluation> {
    await this.#parts.freshness.look(now);
    const snapshot = await this.#parts.reader.newest();
    const budgets: BudgetEvaluation[] = [];
    const faults: BudgetFault[] = [];
    if (!(await this.#parts.view.settle())) {
      return { at: now, putOff: 'VIEW_BEHIND', budgets, faults };
    }
    for (const { id, budgets: defined } of this.#parts.view.view.organizations()) {
      for (const budget of [...defined.values()]) {
        try {
          const look = await this.#look(id, budget, snapshot, now);
          const posted = await this.#act(look);
          budgets.push({ ...this.#withhold(look), posted });
        } catch (error) {
          faults.push({ organization: id, budgetId: budget.budgetId, error });
        }
      }
    }
    return { at: now, putOff: null, budgets, faults };
  }

  /** What would be decided now; nothing is posted. null: there is no such budget. */
  async look(organization: string, budgetId: string, now: bigint): Promise<BudgetLook | null> {
    const { view, reader } = this.#parts;
    const state = view.view.organizations().find(({ id }) => id === organization);
    const budget = state?.budgets.get(budgetId);
    if (budget === undefined) return null;
    return this.#look(organization, budget, await reader.newest(), now);
  }

  async #look(
    organization: string,
    budget: BudgetState,
    snapshot: UsageSnapshot | null,
    now: bigint,
  ): Promise<BudgetLook> {
    const { view, freshness, policy } = this.#parts;
    const window = windowAt(budget.window, now);
    const book = view.view.priceBook(budget.priceBook);
    const tierPolicy = view.view.tierPolicy(budget.tierPolicy);
    const used =
      window && snapshot && book
        ? await snapshot.usedBy(budget.project, window.start, window.end, priceStarts(book.prices))
        : null;
    const since = now - BigInt(policy.throttle.freshnessMs) * 1_000n;
    const newest = (await snapshot?.newestUsage(since)) ?? new Map<string, bigint>();
    const inputs: BudgetInputs = {
      budget,
      window,
      book,
      tierPolicy,
      spend: used && book ? spendOf(used, book.prices) : null,
      applications: standingsOf(view.view, organization, budget, tierPolicy, newest),
      tableCaughtUpAt: snapshot && freshness.caughtUpAt(snapshot.manifest),
      now,
    };
    const verdict = judgeBudget(inputs, policy.throttle);
    const tableVersion = snapshot?.version ?? null;
    return this.#withhold({ organization, inputs, verdict, tableVersion });
  }

  /** What was refused a moment ago is frozen, and told as such, instead of asked for again and again. */
  #withhold(look: BudgetLook): BudgetLook {
    const frozen: Frozen[] = [];
    const actions = look.verdict.actions.filter((action) => {
      const { rest } = this.#decided.get(this.#commandFor(look, action, 0).commandId) ?? undecided;
      if (rest === null || rest.until <= look.inputs.now) return true;
      const code = tooLargeCodes.has(rest.code) ? 'CUT_TOO_LARGE' : 'COMMAND_REFUSED';
      const detail = `${rest.code}: ${rest.detail}`;
      frozen.push({ application: action.application, code, detail });
      return false;
    });
    if (frozen.length === 0) return look;
    const verdict = { ...look.verdict, actions, frozen: [...look.verdict.frozen, ...frozen] };
    return { ...look, verdict };
  }

  async #act(look: BudgetLook): Promise<PostedAction[]> {
    const due = look.verdict.actions.flatMap((action) => this.#due(look, action));
    this.#giveUpOthers(look, due);
    const posted: PostedAction[] = [];
    for (const { action, decision, command, subject } of due) {
      const answer = await this.#parts.desk.post(subject, command);
      // Only the answer to this very command says what became of the decision.
      if (answer.commandId !== command.commandId) continue;
      this.#note(decision, answer, look.inputs.now);
      posted.push({ action, answer });
    }
    return posted;
  }

  #due(look: BudgetLook, action: ThrottleAction): DueAction[] {
    const decision = this.#commandFor(look, action, 0).commandId;
    const before = this.#decided.get(decision) ?? undecided;
    // Accepted, and what it wrote has been folded: saying it again would change nothing more.
    if (before.accepted) return [];
    const command = this.#commandFor(look, action, before.refusals);
    return [{ action, decision, command, subject: subjectOf(look, action.application) }];
  }

  /**
   * What was decided of the unanswered commands has been folded before this look. One that the look
   * does not call for again is over: a lift must not wait behind the cut that it lifts.
   */
  #giveUpOthers(look: BudgetLook, due: readonly DueAction[]): void {
    const called = new Map(due.map(({ subject, command }) => [subject, command.commandId]));
    const ofBudget = subjectOf(look, '');
    this.#parts.desk.keep(
      (subject, { commandId }) =>
        !subject.startsWith(ofBudget) || called.get(subject) === commandId,
    );
  }

  #commandFor(
    { organization, inputs, verdict, tableVersion }: BudgetLook,
    action: ThrottleAction,
    attempt: number,
  ): LoopCommand {
    const { budget, window, spend, tierPolicy, applications } = inputs;
    const { view, policy } = this.#parts;
    const project = action.kind === 'lift' ? action.project : budget.project;
    const terms: ThrottleTerms = {
      organization,
      budget,
      policyName: policy.name,
      policyVersion: policy.version,
      tableVersion: tableVersion ?? 0,
      basis: view.view.cutHistory(action.application, project, budget.budgetId).version,
      attempt,
    };
    if (action.kind === 'lift') return liftCommand(action, terms);
    if (window === null || spend === null || tierPolicy === null) {
      throw new TypeError('unreachable: a cut has a window, a spend and a tier policy');
    }
    const standing = applications.find(({ application }) => application === action.application);
    const uncovered = standing?.uncovered ?? [];
    return applyCommand(action, terms, { window, spend, tierPolicy, verdict, uncovered });
  }

  #restOf({ code, detail }: CommandAnswer, now: bigint): Decided['rest'] {
    if (code === ID_REUSED) return null;
    const until = now + BigInt(this.#parts.policy.throttle.refusalRestMs) * 1_000n;
    return { code: code ?? 'UNKNOWN', detail: detail ?? '', until };
  }

  #note(decision: string, answer: CommandAnswer, now: bigint): void {
    const { refusals } = this.#decided.get(decision) ?? undecided;
    const isRefused = answer.status === 'refused';
    this.#decided.set(decision, {
      accepted: answer.status === 'accepted',
      refusals: refusals + (isRefused ? 1 : 0),
      rest: isRefused ? this.#restOf(answer, now) : null,
    });
    if (this.#decided.size <= DECISIONS_MAX) return;
    const [oldest] = this.#decided.keys();
    if (oldest !== undefined) this.#decided.delete(oldest);
  }
}

/** One budget's cut in one application; with '' as the application the start of all of them. */
function subjectOf({ organization, inputs }: BudgetLook, application: string): string {
  return `${organization} ${inputs.budget.budgetId} ${application}`;
}
