import type { BudgetState } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandDesk, LoopCommand } from '../commandDesk.ts';
import type { LedgerReader } from '../ledger/ledgerReader.ts';
import type { Policy } from '../policy.ts';
import type { UsageReader, UsageSnapshot } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { FollowedView } from '../view/followView.ts';
import { windowAt } from './budgetWindows.ts';
import { intentsOf, isFor, isOver } from './cutIntents.ts';
import type { CutIntent } from './cutIntents.ts';
import { isOfTheDoor } from './doorCodes.ts';
import { judgeBudget } from './judgeBudget.ts';
import type { BudgetInputs, BudgetVerdict, Frozen, ThrottleAction } from './judgeBudget.ts';
import { orphanedCuts } from './orphanedCuts.ts';
import { Processes } from './processes.ts';
import type { CarriedStep } from './processes.ts';
import { spendOf } from './spend.ts';
import { standingsOf } from './standings.ts';
import { beginApply, beginLift, beginOrphanLift } from './throttleCommand.ts';
import type { ThrottleTerms } from './throttleCommand.ts';

export interface ThrottleParts {
  readonly view: FollowedView;
  readonly reader: UsageReader;
  readonly ledger: Pick<LedgerReader, 'lines'>;
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

/** There is no such budget; or it is a team's or the organization's, whose spend nobody sums. */
export type NoBudgetLook = 'unknown' | 'not_summed';

/** An action whose intent was posted. */
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
  /** What was posted to carry intents out, and what it was answered. */
  readonly carried: readonly CarriedStep[];
}

/** Decisions that are remembered; the oldest are forgotten first. */
const DECISIONS_MAX = 10_000;

/** What became of a decision so far. */
interface Decided {
  readonly accepted: boolean;
  readonly refusals: number;
  /** Why it is not asked for again, and until when; null: it may be. */
  readonly rest: Rest | null;
}

interface Rest {
  readonly code: string;
  readonly detail: string;
  readonly until: bigint;
}

const undecided: Decided = { accepted: false, refusals: 0, rest: null };

/**
 * The writer puts all events of a command into one transaction, whose size the broker bounds: a page
 * that does not fit is refused as a whole, and no later try helps.
 */
const tooLargeCodes = new Set(['COMMAND_TOO_LARGE', 'TOO_MANY_EVENTS']);

/**
 * Said of an earlier try of this very decision, from before a restart: what is folded shows that it
 * has changed nothing, so the decision is said anew, and at once.
 */
const ID_REUSED = 'COMMAND_ID_REUSED';

/** Actions that one intent covers: alike but for the application. */
interface DueIntent {
  readonly actions: readonly ThrottleAction[];
  /** The id of the decision's first command; further ones follow refusals. */
  readonly decision: string;
  readonly command: LoopCommand;
  readonly subject: string;
}

/**
 * Looks at every budget, records the cuts and lifts that its spend calls for as intents in the
 * organization's stream, and carries out what is intended: also what was left by whoever ran before.
 */
export class Throttle {
  readonly #parts: ThrottleParts;
  readonly #processes: Processes;
  readonly #decided = new Map<string, Decided>();

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
    this.#processes = new Processes(parts.desk);
  }

  /** @param now microseconds */
  async evaluate(now: bigint): Promise<ThrottleEvaluation> {
    await this.#parts.freshness.look(now);
    const snapshot = await this.#parts.reader.newest();
    const budgets: BudgetEvaluation[] = [];
    const faults: BudgetFault[] = [];
    const { view } = this.#parts;
    if (!(await view.settle())) {
      return { at: now, putOff: 'VIEW_BEHIND', budgets, faults, carried: [] };
    }
    for (const { id, budgets: defined } of view.view.organizations()) {
      for (const budget of [...defined.values()].filter(isOfProject)) {
        try {
          const look = await this.#look(id, budget, snapshot, now);
          const posted = await this.#begin(look);
          budgets.push({ ...this.#withhold(look), posted });
        } catch (error) {
          faults.push({ organization: id, budgetId: budget.budgetId, error });
        }
      }
    }
    await this.#beginOrphanLifts();
    // What has just been intended is carried out at once, if it has been folded.
    await view.settle();
    const carried = await this.#processes.carryOut(view.view);
    return { at: now, putOff: null, budgets, faults, carried };
  }

  /** What would be decided now; nothing is posted. */
  async look(
    organization: string,
    budgetId: string,
    now: bigint,
  ): Promise<BudgetLook | NoBudgetLook> {
    const { view, reader } = this.#parts;
    const state = view.view.organizations().find(({ id }) => id === organization);
    const budget = state?.budgets.get(budgetId);
    if (budget === undefined) return 'unknown';
    if (!isOfProject(budget)) return 'not_summed';
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
    const scope = { organization, project: budget.project };
    const asked = { scope, priceBook: budget.priceBook, at: now };
    const spend =
      window && snapshot && book
        ? await spendOf(this.#parts.ledger.lines(snapshot, { ...asked, window }))
        : null;
    const since = now - BigInt(policy.throttle.freshnessMs) * 1_000n;
    const newest = (await snapshot?.newestUsage(since)) ?? new Map<string, bigint>();
    const inputs: BudgetInputs = {
      budget,
      window,
      book,
      tierPolicy,
      spend,
      applications: standingsOf(view.view, organization, budget, tierPolicy, newest),
      tableCaughtUpAt: snapshot && freshness.caughtUpAt(snapshot.positions),
      now,
    };
    const verdict = judgeBudget(inputs, policy.throttle);
    const tableVersion = snapshot?.version ?? null;
    return this.#withhold({ organization, inputs, verdict, tableVersion });
  }

  /** What was refused a moment ago is frozen, and told as such, instead of asked for again and again. */
  #withhold(look: BudgetLook): BudgetLook {
    const frozen: Frozen[] = [];
    const freeze = ({ application }: ThrottleAction, rest: Rest): void => {
      const code = tooLargeCodes.has(rest.code) ? 'CUT_TOO_LARGE' : 'COMMAND_REFUSED';
      frozen.push({ application, code, detail: `${rest.code}: ${rest.detail}` });
    };
    const { now } = look.inputs;
    const called = look.verdict.actions.filter((action) => {
      const rest = this.#restAt(look, action);
      if (rest === null || rest.until <= now) return true;
      freeze(action, rest);
      return false;
    });
    const resting = new Set<ThrottleAction>();
    for (const { actions: alike, decision } of this.#dueOf(look, called)) {
      const rest = this.#decided.get(decision)?.rest ?? null;
      if (rest === null || rest.until <= now) continue;
      for (const action of alike) {
        resting.add(action);
        freeze(action, rest);
      }
    }
    const actions = called.filter((action) => !resting.has(action));
    if (frozen.length === 0) return look;
    const verdict = { ...look.verdict, actions, frozen: [...look.verdict.frozen, ...frozen] };
    return { ...look, verdict };
  }

  /** The rest of an action that its application has refused, as the log has it. */
  #restAt(look: BudgetLook, action: ThrottleAction): Rest | null {
    const intent = this.#intents(look).get(action.application);
    if (intent?.answer == null || !isFor(intent, action, look.inputs)) return null;
    const { code, detail, at } = intent.answer;
    return { code: code ?? 'UNKNOWN', detail: detail ?? '', until: at + this.#restMicros() };
  }

  #intents({ organization, inputs }: BudgetLook): ReadonlyMap<string, CutIntent> {
    const state = this.#parts.view.view.organization(organization);
    return intentsOf(state, inputs.budget.budgetId);
  }

  /** Posts the intents that the look calls for, and ends those that it calls for no more. */
  async #begin(look: BudgetLook): Promise<PostedAction[]> {
    const due = this.#dueOf(look, look.verdict.actions).filter(
      ({ decision }) => this.#decided.get(decision)?.accepted !== true,
    );
    this.#giveUpOthers(look, due);
    const posted: PostedAction[] = [];
    for (const { actions, decision, command, subject } of due) {
      const answer = await this.#parts.desk.post(subject, command);
      // Only the answer to this very command says what became of the decision.
      if (answer.commandId !== command.commandId) continue;
      this.#note(decision, answer, look.inputs.now);
      posted.push(...actions.map((action) => ({ action, answer })));
    }
    const called = new Set(look.verdict.actions.map(({ application }) => application));
    for (const intent of this.#intents(look).values()) {
      if (intent.answer !== null || called.has(intent.application)) continue;
      if (!isOver(intent, look.inputs, look.verdict)) continue;
      await this.#processes.abandon(look.organization, intent.cut, intent.application);
    }
    return posted;
  }

  /** One intent for all applications that are to be treated alike, and where it is not intended yet. */
  #dueOf(look: BudgetLook, actions: readonly ThrottleAction[]): DueIntent[] {
    const intents = this.#intents(look);
    const groups = new Map<string, [ThrottleAction, ...ThrottleAction[]]>();
    for (const action of actions) {
      const intent = intents.get(action.application);
      if (intent?.answer === null && isFor(intent, action, look.inputs)) continue;
      const key =
        action.kind === 'apply'
          ? `apply ${action.step}`
          : `lift ${action.project} ${action.cause} ${action.spend}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [action]);
      else group.push(action);
    }
    return [...groups].map(([key, group]) => {
      const decision = this.#commandFor(look, group, 0).commandId;
      const { refusals } = this.#decided.get(decision) ?? undecided;
      const command = refusals === 0 ? null : this.#commandFor(look, group, refusals);
      return {
        actions: group,
        decision,
        command: command ?? this.#commandFor(look, group, 0),
        subject: `${subjectOf(look)}${key}`,
      };
    });
  }

  async #beginOrphanLifts(): Promise<void> {
    const { view } = this.#parts.view;
    for (const { organization, layer, applications } of orphanedCuts(view)) {
      const process = view.cutProcess(organization, layer.budgetId);
      await this.#parts.desk.send(beginOrphanLift(organization, layer, applications, process));
    }
  }

  /**
   * What was decided of the unanswered commands has been folded before this look. One that the look
   * does not call for again is over: a lift must not wait behind the cut that it lifts.
   */
  #giveUpOthers(look: BudgetLook, due: readonly DueIntent[]): void {
    const called = new Map(due.map(({ subject, command }) => [subject, command.commandId]));
    const ofBudget = subjectOf(look);
    this.#parts.desk.keep(
      (subject, { commandId }) =>
        !subject.startsWith(ofBudget) || called.get(subject) === commandId,
    );
  }

  #commandFor(
    { organization, inputs, verdict, tableVersion }: BudgetLook,
    actions: readonly [ThrottleAction, ...ThrottleAction[]],
    attempt: number,
  ): LoopCommand {
    const { budget, window, spend, tierPolicy, applications } = inputs;
    const { view, policy } = this.#parts;
    const [first] = actions;
    const project = first.kind === 'lift' ? first.project : budget.project;
    const terms: ThrottleTerms = {
      organization,
      budget,
      policyName: policy.name,
      policyVersion: policy.version,
      tableVersion: tableVersion ?? 0,
      bases: actions.map(
        ({ application }) => view.view.cutHistory(application, project, budget.budgetId).version,
      ),
      process: view.view.cutProcess(organization, budget.budgetId),
      attempt,
    };
    const named = new Set(actions.map(({ application }) => application));
    const standings = applications.filter(({ application }) => named.has(application));
    if (first.kind === 'lift') {
      const cut = standings.find((standing) => standing.cut !== null)?.cut ?? null;
      if (cut === null) throw new TypeError('unreachable: what is lifted stands');
      const lifts = actions.filter(({ kind }) => kind === 'lift') as [typeof first];
      return beginLift(lifts, terms, cut);
    }
    if (window === null || spend === null || tierPolicy === null) {
      throw new TypeError('unreachable: a cut has a window, a spend and a tier policy');
    }
    const uncovered = standings.flatMap((standing) => standing.uncovered);
    const applies = actions.filter(({ kind }) => kind === 'apply') as [typeof first];
    return beginApply(applies, terms, { window, spend, tierPolicy, verdict, uncovered });
  }

  #restMicros(): bigint {
    return BigInt(this.#parts.policy.throttle.refusalRestMs) * 1_000n;
  }

  #restOf({ code, detail }: CommandAnswer, now: bigint): Decided['rest'] {
    if (code === ID_REUSED) return null;
    return { code: code ?? 'UNKNOWN', detail: detail ?? '', until: now + this.#restMicros() };
  }

  #note(decision: string, answer: CommandAnswer, now: bigint): void {
    const { refusals } = this.#decided.get(decision) ?? undecided;
    const isRefused = answer.status === 'refused' && !isOfTheDoor(answer);
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

/** The start of what all commands about a budget are known by. */
function subjectOf({ organization, inputs }: BudgetLook): string {
  return `${organization} ${inputs.budget.budgetId} `;
}

/** A team's budget, or the organization's, bounds what budgets below it may promise: it cuts nobody. */
function isOfProject({ project }: BudgetState): boolean {
  return project !== '';
}
