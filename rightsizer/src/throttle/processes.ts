import type {
  AllocationState,
  AllocationTerms,
  CutState,
  OrganizationState,
  PriceBookState,
} from '@prorata/quota-model';
import { sameDecimal } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandDesk, LoopCommand } from '../commandDesk.ts';
import type { LogView } from '../view/logView.ts';
import { subjectsOfPage } from './cutSubjects.ts';
import { isOfTheDoor } from './doorCodes.ts';
import {
  allocationEnding,
  cutEnding,
  entitlementCommand,
  PAGE_QUOTAS,
  pageCommand,
} from './processCommands.ts';
import type { Ending } from './processCommands.ts';

/** Pages of one cut in one application in one evaluation, so that one project does not hold up all. */
const PAGES_MAX = 400;
/** Intents left unanswered in one evaluation before the gateway counts as away. */
const UNKNOWN_MAX = 3;

/** One command that carried an intent on. */
export interface CarriedStep {
  readonly organization: string;
  readonly command: LoopCommand;
  readonly answer: CommandAnswer;
}

/** What one evaluation carried on. */
export interface Carried {
  /** The commands that were posted, in order. */
  readonly steps: readonly CarriedStep[];
  /** Cuts that wait for the next evaluation: this one has changed as many quotas as it may. */
  readonly waiting: number;
}

interface Task {
  readonly key: string;
  readonly run: () => Promise<boolean>;
}

/**
 * Carries out what organizations intend, an application at a time: the pages of a cut, and the entitlement
 * of an allocation; then records what the application answered. Everything follows from the log: whoever
 * is started anew, or beside another, posts the same commands, and the log decides each once.
 */
export class Processes {
  readonly #desk: CommandDesk;
  /** Per cut and application, the page that was answered last. Forgotten, it is asked for again. */
  readonly #reached = new Map<string, string>();
  /** What had no answer at the last evaluation comes last at the next. */
  #late = new Set<string>();
  #steps: CarriedStep[] = [];
  readonly #subjectsMax: number;
  /** Quotas that this evaluation may still cut. */
  #subjectsLeft = 0;
  #waiting = 0;

  /** @param subjectsMax quotas that one evaluation cuts; lifts are not counted */
  constructor(desk: CommandDesk, subjectsMax: number) {
    this.#desk = desk;
    this.#subjectsMax = subjectsMax;
  }

  async carryOut(view: LogView): Promise<Carried> {
    this.#steps = [];
    this.#subjectsLeft = this.#subjectsMax;
    this.#waiting = 0;
    const tasks = view
      .organizations()
      .flatMap((state) => [...this.#cuts(state, view), ...this.#allocations(state, view)]);
    this.#forgetAllBut(new Set(tasks.map(({ key }) => key)));
    const late = this.#late;
    this.#late = new Set();
    const inOrder = [
      ...tasks.filter(({ key }) => !late.has(key)),
      ...tasks.filter(({ key }) => late.has(key)),
    ];
    for (const { key, run } of inOrder) {
      if (this.#late.size >= UNKNOWN_MAX) break;
      if (!(await run())) this.#late.add(key);
    }
    return { steps: this.#steps, waiting: this.#waiting };
  }

  /** Records that nobody carries the cut out any more. */
  async abandon(organization: string, cut: CutState, application: string): Promise<CommandAnswer> {
    const ending = { answer: 'abandoned', code: null, detail: null } as const;
    return this.#desk.send(cutEnding(organization, cut, application, ending));
  }

  #cuts(state: OrganizationState, view: LogView): Task[] {
    return [...state.cuts.values()].flatMap((cut) =>
      [...cut.applications]
        .filter(([, answer]) => answer === null)
        .map(([application]) => {
          const key = `${state.id} ${cut.cutId} ${application}`;
          return { key, run: () => this.#cut(state.id, cut, application, key, view) };
        }),
    );
  }

  /** @returns false when an answer is missing */
  async #cut(
    organization: string,
    cut: CutState,
    application: string,
    key: string,
    view: LogView,
  ): Promise<boolean> {
    const end = (ending: Ending): Promise<boolean> =>
      this.#end(organization, cutEnding(organization, cut, application, ending));
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const after = this.#reached.get(key) ?? null;
      if (!this.#mayCut(cut, application, after, view)) return true;
      const command = pageCommand(organization, cut, application, after, this.#pageQuotas);
      const answer = await this.#ask(organization, command);
      if (answer === null) return false;
      if (answer.status === 'refused') return end(refusedBy(answer));
      const next = answer.outcome?.['result'];
      if (typeof next !== 'string') return end(accepted);
      this.#reached.set(key, next);
    }
    return true;
  }

  /** No page is larger than what one evaluation may cut, so that each has its turn. */
  get #pageQuotas(): number {
    return Math.min(PAGE_QUOTAS, this.#subjectsMax);
  }

  /** A page waits as a whole for the next evaluation where it would cut more than this one may. A lift never waits. */
  #mayCut(cut: CutState, application: string, after: string | null, view: LogView): boolean {
    if (cut.lift !== null) return true;
    const state = view.application(application);
    const subjects = subjectsOfPage(state, cut, after, this.#pageQuotas);
    if (subjects > this.#subjectsLeft) {
      this.#waiting += 1;
      return false;
    }
    this.#subjectsLeft -= subjects;
    return true;
  }

  #allocations(state: OrganizationState, view: LogView): Task[] {
    return [...state.allocations.values()].flatMap((allocation) => {
      const { pending } = allocation;
      if (pending === null) return [];
      const key = `${state.id} allocation ${pending.allocation}`;
      return { key, run: () => this.#allocate(state.id, allocation, pending, view) };
    });
  }

  async #allocate(
    organization: string,
    allocation: AllocationState,
    terms: AllocationTerms,
    view: LogView,
  ): Promise<boolean> {
    const end = (ending: Ending): Promise<boolean> =>
      this.#end(organization, allocationEnding(organization, allocation, terms, ending));
    const fault = priceFault(allocation, terms, view);
    if (fault !== null) return end(fault);
    const answer = await this.#ask(
      organization,
      entitlementCommand(organization, allocation, terms),
    );
    if (answer === null) return false;
    return end(answer.status === 'refused' ? refusedBy(answer) : accepted);
  }

  async #end(organization: string, command: LoopCommand): Promise<boolean> {
    // A refusal says that it has been answered, or that a later intent has taken its place.
    return (await this.#ask(organization, command)) !== null;
  }

  /** null: not known, or refused by the door alone. */
  async #ask(organization: string, command: LoopCommand): Promise<CommandAnswer | null> {
    const answer = await this.#desk.send(command);
    this.#steps.push({ organization, command, answer });
    if (answer.status === 'unknown') return null;
    if (answer.status === 'accepted') return answer;
    return isOfTheDoor(answer) ? null : answer;
  }

  #forgetAllBut(keys: ReadonlySet<string>): void {
    for (const key of this.#reached.keys()) if (!keys.has(key)) this.#reached.delete(key);
  }
}

const accepted: Ending = { answer: 'accepted', code: null, detail: null };

function refusedBy({ code, detail }: CommandAnswer): Ending {
  return { answer: 'refused', code: code ?? 'UNKNOWN', detail };
}

/** The evidence of an allocation must be the price book's own: its stream could not look there. */
function priceFault(
  { application, resource }: AllocationState,
  { unitCost }: AllocationTerms,
  view: LogView,
): Ending | null {
  if (unitCost === null) return null;
  const book = view.priceBook(unitCost.priceBook);
  if (book !== null && hasPrice(book)) return null;
  const { amount, perUnits, priceBook, priceBookVersion } = unitCost;
  const detail = `Price book ${priceBook} has no price of ${amount} ${unitCost.currency} for ${perUnits} of ${resource} in ${application} in version ${priceBookVersion}.`;
  return { answer: 'refused', code: 'PRICE_UNKNOWN', detail };

  function hasPrice({ currency, version, prices }: PriceBookState): boolean {
    return (
      unitCost !== null &&
      currency === unitCost.currency &&
      version >= unitCost.priceBookVersion &&
      prices.some(
        (price) =>
          price.application === application &&
          price.resource === resource &&
          price.perUnits === unitCost.perUnits &&
          sameDecimal(price.amount, unitCost.amount),
      )
    );
  }
}
