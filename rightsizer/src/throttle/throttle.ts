import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandDesk, LoopCommand } from '../commandDesk.ts';
import type { Policy } from '../policy.ts';
import type { UsageReader } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { FollowedView } from '../view/followView.ts';
import { besideOf, BudgetLooks } from './budgetLooks.ts';
import type { BudgetFault, BudgetLook, BudgetOf } from './budgetLooks.ts';
import type { SpendLedger } from './budgetSpends.ts';
import { intentsOf, isFor, isOver, isUnderWay, placeOf } from './cutIntents.ts';
import type { CutIntent } from './cutIntents.ts';
import { isOfTheDoor } from './doorCodes.ts';
import type { Frozen, ThrottleAction } from './judgeBudget.ts';
import { forsakenCuts, orphanedCuts } from './orphanedCuts.ts';
import { Processes } from './processes.ts';
import type { CarriedStep } from './processes.ts';
import { rehearseCut } from './rehearseCommand.ts';
import { thresholdCommand } from './thresholdCommand.ts';
import type { DueThreshold } from './thresholds.ts';
import { beginApply, beginLift, beginOrphanLift } from './throttleCommand.ts';
import type { ThrottleTerms } from './throttleCommand.ts';

export interface ThrottleParts {
  readonly view: FollowedView;
  readonly reader: Pick<UsageReader, 'newest'>;
  readonly ledger: SpendLedger;
  readonly freshness: TableFreshness;
  readonly desk: CommandDesk;
  readonly policy: Policy;
}

/** An action whose intent was posted. */
export interface PostedAction {
  readonly action: ThrottleAction;
  readonly answer: CommandAnswer;
}

/** A threshold whose crossing was posted. */
export interface PostedThreshold {
  readonly threshold: DueThreshold;
  readonly answer: CommandAnswer;
}

export interface BudgetEvaluation extends BudgetLook {
  readonly posted: readonly PostedAction[];
  readonly crossed: readonly PostedThreshold[];
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
  /** Cuts that wait for the next evaluation, since this one has changed as many quotas as it may. */
  readonly waiting: number;
}

/** Budgets whose commands go to the gateway together. */
const BUDGETS_AT_ONCE = 100;

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

/** One command of a decision. */
interface Due {
  readonly actions: readonly ThrottleAction[];
  readonly threshold: DueThreshold | null;
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
  readonly #looks: BudgetLooks;
  readonly #decided = new Map<string, Decided>();

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
    this.#processes = new Processes(parts.desk, parts.policy.throttle.subjectsMax);
    this.#looks = new BudgetLooks({ ...parts, view: parts.view.view });
  }

  /** @param now microseconds */
  async evaluate(now: bigint): Promise<ThrottleEvaluation> {
    await this.#parts.freshness.look(now);
    const snapshot = await this.#parts.reader.newest();
    const { view } = this.#parts;
    if (!(await view.settle())) {
      return { at: now, putOff: 'VIEW_BEHIND', budgets: [], faults: [], carried: [], waiting: 0 };
    }
    const asked = view.view
      .organizations()
      .flatMap((state) => [...state.budgets.values()].map((budget) => ({ state, budget })));
    const { looks, faults } = await this.#looks.look(asked, asked, snapshot, now);
    this.#giveUpAllBut(asked);
    const budgets: BudgetEvaluation[] = [];
    for (let at = 0; at < looks.length; at += BUDGETS_AT_ONCE) {
      const some = looks.slice(at, at + BUDGETS_AT_ONCE);
      for (const done of await Promise.all(some.map((look) => this.#act(look)))) {
        if ('error' in done) faults.push(done);
        else budgets.push(done);
      }
    }
    await this.#endOrphans(now);
    // What has just been intended is carried out at once, if it has been folded.
    await view.settle();
    const { steps: carried, waiting } = await this.#processes.carryOut(view.view);
    return { at: now, putOff: null, budgets, faults, carried, waiting };
  }

  /** What would be decided now; nothing is posted. null: there is no such budget. */
  async look(organization: string, budgetId: string, now: bigint): Promise<BudgetLook | null> {
    const { view, reader } = this.#parts;
    const state = view.view.organization(organization);
    const budget = state?.budgets.get(budgetId);
    if (state === null || budget === undefined) return null;
    const snapshot = await reader.newest();
    const beside = besideOf(state, budget);
    const { looks, faults } = await this.#looks.look([{ state, budget }], beside, snapshot, now);
    const [look] = looks;
    if (look === undefined) throw faults[0]?.error;
    return this.#withhold(look);
  }

  async #act(given: BudgetLook): Promise<BudgetEvaluation | BudgetFault> {
    try {
      const look = this.#withhold(given);
      const { posted, crossed } = await this.#begin(look);
      return { ...this.#withhold(look), posted, crossed };
    } catch (error) {
      const { organization, inputs } = given;
      return { organization, budgetId: inputs.budget.budgetId, error };
    }
  }

  /** What was refused a moment ago is frozen, and told as such, instead of asked for again and again. */
  #withhold(look: BudgetLook): BudgetLook {
    const frozen: Frozen[] = [];
    const freeze = ({ application, project }: ThrottleAction, rest: Rest): void => {
      const code = tooLargeCodes.has(rest.code) ? 'CUT_TOO_LARGE' : 'COMMAND_REFUSED';
      frozen.push({ application, project, code, detail: `${rest.code}: ${rest.detail}` });
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
    const intent = this.#intents(look).get(placeOf(action));
    if (intent?.answer == null || !isFor(intent, action, look.inputs)) return null;
    const { code, detail, at } = intent.answer;
    return { code: code ?? 'UNKNOWN', detail: detail ?? '', until: at + this.#restMicros() };
  }

  #intents({ organization, inputs }: BudgetLook): ReadonlyMap<string, CutIntent> {
    const state = this.#parts.view.view.organization(organization);
    return intentsOf(state, inputs.budget.budgetId);
  }

  /** Posts what the look calls for, and ends the intents that it calls for no more. */
  async #begin(look: BudgetLook): Promise<Pick<BudgetEvaluation, 'posted' | 'crossed'>> {
    const due = [...this.#dueOf(look, look.verdict.actions), ...this.#thresholdsOf(look)].filter(
      ({ decision }) => this.#decided.get(decision)?.accepted !== true,
    );
    this.#giveUpOthers(look, due);
    const posted: PostedAction[] = [];
    const crossed: PostedThreshold[] = [];
    for (const { actions, threshold, decision, command, subject } of due) {
      const answer = await this.#parts.desk.post(subject, command);
      // Only the answer to this very command says what became of the decision.
      if (answer.commandId !== command.commandId) continue;
      this.#note(decision, answer, look.inputs.now);
      posted.push(...actions.map((action) => ({ action, answer })));
      if (threshold !== null) crossed.push({ threshold, answer });
    }
    await this.#abandonOthers(look);
    return { posted, crossed };
  }

  async #abandonOthers(look: BudgetLook): Promise<void> {
    const state = this.#parts.view.view.organization(look.organization);
    if (state === null || state.cuts.size === 0) return;
    const called = new Set(look.verdict.actions.map(placeOf));
    for (const intent of this.#intents(look).values()) {
      const { cut, application } = intent;
      if (intent.answer !== null || called.has(placeOf({ project: cut.project, application }))) {
        continue;
      }
      if (!isOver(intent, state, look.inputs, look.verdict)) continue;
      await this.#processes.abandon(look.organization, cut, application);
    }
  }

  /** One command for all applications that are to be treated alike, and where it is not intended yet. */
  #dueOf(look: BudgetLook, actions: readonly ThrottleAction[]): Due[] {
    if (actions.length === 0) return [];
    const intents = this.#intents(look);
    const groups = new Map<string, [ThrottleAction, ...ThrottleAction[]]>();
    for (const action of actions) {
      const intent = intents.get(placeOf(action));
      if (intent?.answer === null && isUnderWay(intent, action, look.inputs)) continue;
      const key = keyOf(action);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [action]);
      else group.push(action);
    }
    return [...groups].map(([key, group]) =>
      this.#due(look, key, group, null, (attempt) => this.#commandFor(look, group, attempt)),
    );
  }

  /** Those that were refused rest, and are asked for again like any decision. */
  #thresholdsOf(look: BudgetLook): Due[] {
    const { policy } = this.#parts;
    return look.due
      .map((threshold) => {
        const { basis, basisPoints, direction } = threshold;
        const key = `threshold ${basis} ${basisPoints} ${direction}`;
        return this.#due(look, key, [], threshold, (attempt) =>
          thresholdCommand(look, threshold, policy, attempt),
        );
      })
      .filter(({ decision }) => {
        const rest = this.#decided.get(decision)?.rest ?? null;
        return rest === null || rest.until <= look.inputs.now;
      });
  }

  #due(
    look: BudgetLook,
    key: string,
    actions: readonly ThrottleAction[],
    threshold: DueThreshold | null,
    commandOf: (attempt: number) => LoopCommand,
  ): Due {
    const first = commandOf(0);
    const decision = first.commandId;
    const { refusals } = this.#decided.get(decision) ?? undecided;
    const command = refusals === 0 ? first : commandOf(refusals);
    return { actions, threshold, decision, command, subject: `${subjectOf(look)}${key}` };
  }

  /** Of budgets that are no more nothing is cut any more, and what is cut is lifted. */
  async #endOrphans(now: bigint): Promise<void> {
    const { view } = this.#parts.view;
    for (const { organization, cut, application } of forsakenCuts(view)) {
      await this.#processes.abandon(organization, cut, application);
    }
    for (const { organization, layer, applications } of orphanedCuts(
      view,
      now - this.#restMicros(),
    )) {
      const process = view.cutProcess(organization, layer.budgetId);
      await this.#parts.desk.send(beginOrphanLift(organization, layer, applications, process));
    }
  }

  /** What had no answer is of nobody any more once its budget is retired; it would fill the desk for ever. */
  #giveUpAllBut(asked: readonly BudgetOf[]): void {
    const subjects = new Set(asked.map(({ state, budget }) => `${state.id} ${budget.budgetId}`));
    this.#parts.desk.keep((subject) => subjects.has(subject.split(' ', 2).join(' ')));
  }

  /**
   * What was decided of the unanswered commands has been folded before this look. One that the look
   * does not call for again is over: a lift must not wait behind the cut that it lifts.
   */
  #giveUpOthers(look: BudgetLook, due: readonly Due[]): void {
    const called = new Map(due.map(({ subject, command }) => [subject, command.commandId]));
    const ofBudget = subjectOf(look);
    this.#parts.desk.keep(
      (subject, { commandId }) =>
        !subject.startsWith(ofBudget) || called.get(subject) === commandId,
    );
  }

  #commandFor(
    look: BudgetLook,
    actions: readonly [ThrottleAction, ...ThrottleAction[]],
    attempt: number,
  ): LoopCommand {
    const { organization, inputs, verdict, tableVersion } = look;
    const { budget, window, spend, tierPolicy, standings } = inputs;
    const { view, policy } = this.#parts;
    const [first] = actions;
    const { project } = first;
    const terms: ThrottleTerms = {
      organization,
      budget,
      project,
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
    const cuts = standings.flatMap(({ cut, ...place }) =>
      cut !== null && place.project === project && named.has(place.application) ? [cut] : [],
    );
    const [cut] = cuts;
    if (first.kind === 'lift') {
      if (cut === undefined) throw new TypeError('unreachable: what is lifted stands');
      return beginLift(actions.filter(isLift) as [typeof first], terms, cut);
    }
    if (window === null || spend === null || tierPolicy === null) {
      throw new TypeError('unreachable: a cut has a window, a spend and a tier policy');
    }
    const since = cuts.reduce<bigint | null>(
      (latest, { appliedAt }) => (latest !== null && latest > appliedAt ? latest : appliedAt),
      null,
    );
    const grounds = { window, spend, tierPolicy, verdict, since };
    if (first.kind === 'rehearse') {
      return rehearseCut(actions.filter(isRehearsal) as [typeof first], terms, grounds);
    }
    return beginApply(actions.filter(isApply) as [typeof first], terms, grounds);
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

/** What one command covers together. */
function keyOf(action: ThrottleAction): string {
  switch (action.kind) {
    case 'apply':
      return `apply ${action.project} ${action.step} ${action.isRefresh} ${action.priorityMin.join(',')}`;
    case 'rehearse':
      return `rehearse ${action.project} ${action.step}`;
    case 'lift':
      return `lift ${action.project} ${action.cause} ${action.spend}`;
  }
}

const isLift = (action: ThrottleAction) => action.kind === 'lift';
const isApply = (action: ThrottleAction) => action.kind === 'apply';
const isRehearsal = (action: ThrottleAction) => action.kind === 'rehearse';
