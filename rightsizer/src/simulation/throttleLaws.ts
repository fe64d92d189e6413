import { decimalOf, effectiveLimits, pathOf, picosOf, projectOf } from '@prorata/quota-model';
import type { ApplicationState, BudgetState, HaircutLayer, QuotaState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { windowAt } from '../throttle/budgetWindows.ts';
import { stepAt } from '../throttle/judgeBudget.ts';
import { overrunBasisPoints } from '../throttle/spend.ts';
import { SINCE_FIGURE, STEP_FIGURE } from '../throttle/standings.ts';
import { LogView } from '../view/logView.ts';
import { spentPicos } from './spendOracle.ts';
import { wordsOf } from './loopProcess.ts';
import { throttlePolicy } from './throttleProcess.ts';
import { applications, ORGANIZATION } from './throttleWorld.ts';
import type { ThrottleWorld } from './throttleWorld.ts';

type EventOf<Type extends EventMessage['type']> = Extract<EventMessage, { type: Type }>['value'];
type Cut = EventOf<'CutIntended'>;

const WHOLE = 10_000n;
const micros = (milliseconds: number): bigint => BigInt(milliseconds) * 1_000n;

/**
 * What must hold after every step, whatever befell the processes: told from the log alone, and from what the table
 * had at the time.
 */
export class ThrottleLaws {
  readonly faults: string[] = [];
  /** How often each kind of event was looked at: a law that is never put to the test holds as well. */
  readonly seen = new Map<string, number>();
  readonly #world: ThrottleWorld;
  readonly #said: ReadonlyMap<string, bigint>;
  /** As it was before the event that is looked at. */
  readonly #view = new LogView();
  /** By organization and budget, what was defined, in order. */
  readonly #defined: { readonly at: bigint; readonly budgetId: string; readonly amount: string }[] =
    [];
  readonly #fired = new Set<string>();
  readonly #lifted = new Map<string, bigint>();
  #next = 0;

  constructor(world: ThrottleWorld, said: ReadonlyMap<string, bigint>) {
    this.#world = world;
    this.#said = said;
  }

  /** Looks at what has been appended since. */
  check(): void {
    const { events } = this.#world.log;
    for (; this.#next < events.length; this.#next += 1) {
      const event = events[this.#next];
      if (event === undefined) continue;
      this.#look(event);
      this.#view.fold(event);
      this.#remember(event);
      this.#note(event);
    }
    this.#standing();
  }

  /** After some quiet days nothing is under way, and each budget is cut as its spend says. */
  settled(): void {
    const { now, table } = this.#world;
    const state = this.#view.organization(ORGANIZATION);
    for (const cut of state?.cuts.values() ?? []) {
      for (const [application, answer] of cut.applications) {
        this.#law(answer !== null, `cut ${cut.cutId} in ${application} was never carried out`);
      }
    }
    for (const budget of state?.budgets.values() ?? []) {
      this.#cutAsSpent(budget);
      const layers = this.#layersOf(budget.budgetId);
      for (const { application, layer } of layers) {
        const window = { windowStart: layer.windowStart, windowEnd: layer.windowEnd };
        const asked = { ...window, project: budget.project, priceBook: budget.priceBook };
        const spent = spentPicos(table.rows, this.#view.ledger, { ...asked, decidedBy: now });
        this.#law(layer.windowEnd > now, `a cut of ${budget.budgetId} outlives its window`);
        this.#law(
          spent > picosOf(budget.amount),
          `${budget.budgetId} is within its budget and still cuts ${application}`,
        );
      }
    }
  }

  /** Every quota that its budget's spend calls to be cut is, by the step that it calls for. */
  #cutAsSpent(budget: BudgetState): void {
    const { now, table } = this.#world;
    const window = windowAt(budget.window, now);
    const policy = this.#view.tierPolicy(budget.tierPolicy);
    if (window === null || policy === null) return;
    const { project, priceBook, amount } = budget;
    const asked = { windowStart: window.start, windowEnd: window.end, decidedBy: now };
    const spent = spentPicos(table.rows, this.#view.ledger, { ...asked, project, priceBook });
    if (spent <= picosOf(amount)) return;
    const step = policy.steps[stepAt(policy, overrunBasisPoints(decimalOf(spent), amount))];
    for (const application of applications) {
      const state = this.#world.application(application);
      for (const { quotaId, content, haircuts } of state.quotas.values()) {
        const wanted = step?.cutBasisPoints[content.tier] ?? 0;
        if (wanted === 0 || projectOf(state, quotaId) !== project) continue;
        const cut = haircuts.get(budget.budgetId)?.cutBasisPoints;
        this.#law(cut === wanted, `${quotaId} is cut by ${cut ?? 0}, not ${wanted}`);
      }
    }
  }

  #look(event: EventMessage): void {
    this.seen.set(event.type, (this.seen.get(event.type) ?? 0) + 1);
    if (event.type === 'CutIntended') this.#intended(event.value, event);
    if (event.type === 'HaircutApplied') this.#applied(event.value);
    if (event.type === 'CutCompleted') this.#completed(event.value);
    if (event.type === 'BudgetThresholdCrossed') this.#crossed(event.value, event);
  }

  #intended(cut: Cut, event: EventMessage): void {
    const command = this.#world.log.commandOf.get(event);
    const at = command && this.#said.get(wordsOf(command));
    if (at === undefined) return;
    const name = `${cut.budgetId} ${cut.lift ?? `step ${cut.evidence.figures[STEP_FIGURE]}`}`;
    for (const application of cut.applications) {
      this.#law(!this.#isUnderWay(cut, application), `${name} is intended twice in ${application}`);
      if (cut.lift === null) this.#deepens(cut, application, at, name);
      else
        this.#law(
          this.#layer(cut, application) !== null,
          `${name} lifts nothing in ${application}`,
        );
    }
    if (cut.lift === 'person') return;
    if (cut.lift === null || cut.lift !== 'window_rolled') this.#explained(cut, at, name);
    else this.#law(cut.windowEnd <= at, `${name} before the window has ended`);
    if (cut.lift === null) this.#published(cut, name);
  }

  /** Every number of it follows from what the table and the log had when it was said first. */
  #explained(cut: Cut, at: bigint, name: string): void {
    const { table } = this.#world;
    const version = Number(/usage table version (\d+)/.exec(cut.evidence.source)?.[1] ?? 0);
    const known = table.versions[version - 1];
    this.#law(known !== undefined && known.at <= at, `${name} rests on a table that was not there`);
    const rows = table.rowsOf(version);
    const budget = this.#defined.findLast(
      (each) => each.budgetId === cut.budgetId && each.at <= at,
    );
    const asked = { ...cut, priceBook: 'list', decidedBy: at };
    const spent = spentPicos(rows, this.#view.ledger, asked);
    const amount = picosOf(budget?.amount ?? '0');
    if (cut.lift !== null) {
      this.#law(spent <= amount, `${name} though ${spent} of ${amount} is spent`);
      return;
    }
    const defined = this.#view.organization(ORGANIZATION)?.budgets.get(cut.budgetId);
    this.#law(defined?.mode === 'enforce', `${name} in a dry run`);
    const until = defined?.override?.until ?? 0n;
    this.#law(until <= this.#world.now, `${name} though a person stopped the budget's cuts`);
    this.#law(cut.budget === budget?.amount, `${name} by a budget of ${cut.budget}`);
    this.#law(spent === picosOf(cut.spend), `${name} says ${cut.spend}, spent is ${spent}`);
    this.#law(spent > amount, `${name} within the budget`);
    this.#law(cut.windowStart <= at && at < cut.windowEnd, `${name} in another window`);
    const oldest = at - micros(throttlePolicy.throttle.freshnessMs);
    const late = table.rows.findIndex(
      (row, index) => index >= rows.length && row.loggedAt <= oldest,
    );
    this.#law(late < 0, `${name} on a table that has not read what came long ago`);
  }

  /** Once a budget, window, threshold and direction; what was spent is what the table had. */
  #crossed(crossed: EventOf<'BudgetThresholdCrossed'>, event: EventMessage): void {
    const { budgetId, windowStart, basis, basisPoints, direction } = crossed;
    const key = [budgetId, windowStart, basis, basisPoints, direction].join(' ');
    this.#law(!this.#fired.has(key), `threshold ${key} fires twice`);
    this.#fired.add(key);
    const command = this.#world.log.commandOf.get(event);
    const at = command && this.#said.get(wordsOf(command));
    const budget = this.#view.organization(ORGANIZATION)?.budgets.get(budgetId);
    if (at === undefined || budget === undefined || budget.project === '') return;
    const version = Number(/usage table version (\d+)/.exec(crossed.evidence.source)?.[1] ?? 0);
    const asked = { ...crossed, project: budget.project, priceBook: 'list', decidedBy: at };
    const spent = spentPicos(this.#world.table.rowsOf(version), this.#view.ledger, asked);
    this.#law(
      spent === picosOf(crossed.spend),
      `threshold ${key} at ${crossed.spend}, not ${spent}`,
    );
    if (basis !== 'actual') return;
    const mark = (picosOf(crossed.budget) * BigInt(basisPoints)) / WHOLE;
    const isOver = spent >= mark;
    this.#law(isOver === (direction === 'up'), `threshold ${key} is not crossed at ${spent}`);
  }

  #published(cut: Cut, name: string): void {
    const policy = this.#view.tierPolicy(cut.tierPolicy);
    const step = Number(cut.evidence.figures[STEP_FIGURE] ?? -1);
    const isNow = policy?.version === cut.tierPolicyVersion;
    if (!isNow) return;
    const cuts = policy.steps[step]?.cutBasisPoints ?? [];
    this.#law(same(cuts, cut.cutBasisPoints), `${name} cuts otherwise than the policy says`);
    this.#law(same(policy.floorBasisPoints, cut.floorBasisPoints), `${name} has other floors`);
    this.#law(step <= stepAt(policy, cut.overrunBasisPoints), `${name} is deeper than the overrun`);
  }

  /** At most a step, after a rest, and not soon after a lift. */
  #deepens(cut: Cut, application: string, at: bigint, name: string): void {
    const state = this.#view.application(application);
    const policy = this.#view.tierPolicy(cut.tierPolicy);
    if (state === null || policy?.version !== cut.tierPolicyVersion) return;
    const step = Number(cut.evidence.figures[STEP_FIGURE] ?? -1);
    const { escalationMs, cooldownMs } = throttlePolicy.throttle;
    const layer = this.#layer(cut, application);
    if (layer === null) {
      const lifted = this.#lifted.get(keyOf(application, cut)) ?? 0n;
      this.#law(at - lifted >= micros(cooldownMs), `${name} in ${application} soon after a lift`);
    }
    const isSamePolicy = layer?.tierPolicyVersion === policy.version;
    const before = layer === null ? -1 : Number(layer.evidence.figures[STEP_FIGURE] ?? 0);
    if (layer !== null && !isSamePolicy) return;
    const paid = [...state.quotas.values()].filter(
      ({ quotaId }) => projectOf(state, quotaId) === cut.project,
    );
    const tiers = new Set(paid.map(({ content }) => content.tier));
    const cutOf = (index: number, tier: number): number =>
      policy.steps[index]?.cutBasisPoints[tier] ?? 0;
    const isSkipped = (index: number): boolean =>
      [...tiers].every((tier) => cutOf(index, tier) === cutOf(index + 1, tier));
    for (let index = before; index < step - 1; index += 1) {
      this.#law(isSkipped(index), `${name} in ${application} skips step ${index + 1}`);
    }
    if (layer !== null && step > before) {
      const rested = at - BigInt(layer.evidence.figures[SINCE_FIGURE] ?? layer.provenance.at);
      this.#law(rested >= micros(escalationMs), `${name} in ${application} without a rest`);
    }
    // A step comes in waves: as long as one quota lacks it, or carries another, there is something to do.
    const isMissing = paid.some(({ haircuts, content: { tier } }) => {
      const own = haircuts.get(cut.budgetId);
      const wanted = cutOf(step, tier);
      if (wanted === 0) return own !== undefined;
      return own?.cutBasisPoints !== wanted || own.floorBasisPoints !== cut.floorBasisPoints[tier];
    });
    this.#law(
      layer === null || step !== before || isMissing,
      `${name} in ${application} though it is in place`,
    );
  }

  /** A quota is cut by what an organization intends, of its own payer, and by its tier. */
  #applied({ envelope, ...applied }: EventOf<'HaircutApplied'>): void {
    const quotaId = envelope.quotaId ?? '';
    const state = this.#view.application(quotaId.split('/', 1)[0] ?? '');
    const quota = state?.quotas.get(quotaId);
    if (state === null || quota === undefined) return;
    const { budgetId, project } = applied;
    const intents = [...(this.#view.organization(ORGANIZATION)?.cuts.values() ?? [])];
    const intent = intents.find(
      ({ cutId, lift }) => lift === null && applied.evidence.source.startsWith(`cut ${cutId} of`),
    );
    const name = `${quotaId} is cut by ${budgetId}`;
    this.#law(intent !== undefined, `${name}, and nobody intends it`);
    this.#law(projectOf(state, quotaId) === project, `${name}, and another pays`);
    if (intent === undefined) return;
    const { tier } = quota.content;
    const isAsIntended =
      intent.project === project &&
      intent.cutBasisPoints[tier] === applied.cutBasisPoints &&
      intent.floorBasisPoints[tier] === applied.floorBasisPoints;
    this.#law(isAsIntended, `${name} otherwise than intended`);
  }

  /** What an application is said to have done, it has done: a page that was skipped would be seen by nobody. */
  #completed({ cutId, application, answer }: EventOf<'CutCompleted'>): void {
    const cut = this.#view.organization(ORGANIZATION)?.cuts.get(cutId.toString());
    const state = this.#view.application(application);
    if (cut === undefined || state === null || answer !== 'accepted') return;
    const name = `cut ${cutId} is done in ${application}`;
    for (const { quotaId, content, haircuts, declared } of state.quotas.values()) {
      const layer = haircuts.get(cut.budgetId);
      if (cut.lift !== null) {
        this.#law(layer?.project !== cut.project, `${name}, and ${quotaId} is still cut`);
        continue;
      }
      // What came or was changed since the pages passed is seen at the next look.
      const isOlder = declared.at < cut.provenance.at;
      const isMeant = projectOf(state, quotaId) === cut.project;
      if (!isOlder || !isMeant || (cut.cutBasisPoints[content.tier] ?? 0) === 0) continue;
      if (content.cutPriority < (cut.priorityMin[content.tier] ?? -Infinity)) continue;
      this.#law(layer !== undefined, `${name}, and ${quotaId} is not cut`);
    }
  }

  /** What holds everywhere: what was declared, cut once; and where nothing cuts, what holds without any cut. */
  #standing(): void {
    for (const application of applications) {
      const state = this.#world.application(application);
      const twin = this.#world.twin.state(`application:${application}`) as ApplicationState;
      for (const [quotaId, quota] of state.quotas) {
        const other = twin.quotas.get(quotaId);
        this.#law(
          other !== undefined && textOf(quota.content) === textOf(other.content),
          `${quotaId} has been declared otherwise`,
        );
        const path = pathOf(state, quotaId);
        if (path.every(({ haircuts }) => haircuts.size === 0)) {
          const isRestored = limitsText(state, quotaId) === limitsText(twin, quotaId);
          this.#law(isRestored, `${quotaId} is not what it would be without the cut`);
        } else if (path.every(({ override }) => override === null)) {
          this.#cutOnce(state, quotaId, path);
        }
      }
    }
  }

  #cutOnce(state: ApplicationState, quotaId: string, path: readonly QuotaState[]): void {
    const wanted = path.map(leastLeft).reduce((least, left) => (left < least ? left : least));
    for (const { limit } of effectiveLimits(state, quotaId)) {
      this.#law(limit.bound === 'amount' && limit.amount >= 1n, `${quotaId} is blocked by a cut`);
      this.#law(limit.amount === wanted, `${quotaId} has ${limit.amount}, not ${wanted}`);
    }
  }

  #remember(event: EventMessage): void {
    if (event.type !== 'BudgetDefined') return;
    const { budgetId, amount, envelope } = event.value;
    this.#defined.push({ at: envelope.decidedAt, budgetId, amount });
  }

  #note(event: EventMessage): void {
    if (event.type !== 'HaircutLifted' || event.value.cause === 'window_rolled') return;
    const { envelope, budgetId } = event.value;
    const [application = ''] = (envelope.quotaId ?? '').split('/');
    this.#lifted.set(keyOf(application, { budgetId }), envelope.decidedAt);
  }

  #isUnderWay(cut: Cut, application: string): boolean {
    const cuts = [...(this.#view.organization(ORGANIZATION)?.cuts.values() ?? [])];
    return cuts.some(
      (other) =>
        other.applications.get(application) === null &&
        other.budgetId === cut.budgetId &&
        other.project === cut.project &&
        other.lift === cut.lift &&
        other.windowStart === cut.windowStart &&
        other.tierPolicyVersion === cut.tierPolicyVersion &&
        other.priorityMin.join(' ') === cut.priorityMin.join(' ') &&
        other.evidence.figures[STEP_FIGURE] === cut.evidence.figures[STEP_FIGURE],
    );
  }

  #layersOf(budgetId: string): { readonly application: string; readonly layer: HaircutLayer }[] {
    return applications.flatMap((application) => {
      const layer = this.#layer({ budgetId }, application);
      return layer === null ? [] : [{ application, layer }];
    });
  }

  /** The newest on any quota. */
  #layer({ budgetId }: { readonly budgetId: string }, application: string): HaircutLayer | null {
    let newest: HaircutLayer | null = null;
    for (const { haircuts } of this.#view.application(application)?.quotas.values() ?? []) {
      const layer = haircuts.get(budgetId);
      if (layer === undefined) continue;
      if (newest === null || layer.provenance.streamVersion > newest.provenance.streamVersion) {
        newest = layer;
      }
    }
    return newest;
  }

  #law(holds: boolean, fault: string): void {
    if (!holds) this.faults.push(`${this.#world.now}: ${fault}`);
  }
}

/** Its own limit of what was declared, cut once by the deepest of its budgets. */
function leastLeft(quota: QuotaState): bigint {
  const [limit] = quota.content.limits;
  const declared = limit === undefined || limit.bound !== 'amount' ? null : limit.amount;
  if (declared === null) return 2n ** 63n;
  return [...quota.haircuts.values()].reduce((least, { cutBasisPoints, floorBasisPoints }) => {
    const cut = (declared * (WHOLE - BigInt(cutBasisPoints))) / WHOLE;
    const floor = (declared * BigInt(floorBasisPoints) + WHOLE - 1n) / WHOLE;
    const left = [cut, floor, 1n].reduce((most, each) => (each > most ? each : most));
    return left < least ? left : least;
  }, declared);
}

function limitsText(state: ApplicationState, quotaId: string): string {
  return textOf(effectiveLimits(state, quotaId).map(({ limit }) => limit));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? each.toString() : each,
  );
}

function keyOf(application: string, { budgetId }: { readonly budgetId: string }): string {
  return `${application} ${budgetId}`;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
