import { holderOf, ORGANIZATION_HOLDER, picosOf } from '@prorata/quota-model';
import type { BudgetState, OrganizationState } from '@prorata/quota-model';
import { monthAt } from '../ledger/chargeDays.ts';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { inCodeUnits } from '../ledger/chargeUse.ts';
import type { LedgerReader } from '../ledger/ledgerReader.ts';
import type { SharedLedger } from '../ledger/sharedLedger.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { TimeWindow } from './budgetWindows.ts';
import { holdersOf } from './holdings.ts';
import { LineCheck } from './lineCheck.ts';
import { SpendSum } from './spend.ts';
import type { Spend } from './spend.ts';

/** What the spend of budgets is summed from. */
export type SpendLedger = Pick<LedgerReader, 'sharing' | 'closedUntil' | 'book'>;

/** A budget whose spend in a window is asked for. */
export interface SpendAsked {
  readonly state: OrganizationState;
  readonly budget: BudgetState;
  readonly window: TimeWindow;
}

/** By organization and budget: the spend, or what went wrong; none where there is no such price book. */
export type BudgetSpends = ReadonlyMap<string, Spend | { readonly error: unknown }>;

export const spendKey = (organization: string, budgetId: string): string =>
  `${organization} ${budgetId}`;

/** Windows whose lines are made in one go: each edge cuts lines in two. */
const WINDOWS_MAX = 32;

/** Budgets of one book whose windows begin in one month: their lines are made together. */
interface Batch {
  readonly priceBook: string;
  readonly window: TimeWindow;
  readonly cuts: readonly bigint[];
  /** By organization, in the order of their usage. */
  readonly organizations: readonly (readonly SpendAsked[])[];
}

/**
 * What each budget has spent, all by one version of the table. An organization's lines are made once for all of its
 * budgets of a book, and usage is read once for all organizations: the cost grows with what was used, not with the
 * number of budgets.
 */
export async function budgetSpends(
  ledger: SpendLedger,
  version: TableVersion,
  asked: readonly SpendAsked[],
  now: bigint,
): Promise<BudgetSpends> {
  const spends = new Map<string, Spend | { readonly error: unknown }>();
  for (const batch of batchesOf(ledger, asked)) {
    const shared = ledger.sharing(version);
    try {
      await sumBatch(ledger, shared, batch, now, spends);
    } finally {
      await shared.close();
    }
  }
  return spends;
}

async function sumBatch(
  ledger: SpendLedger,
  shared: SharedLedger,
  batch: Batch,
  now: bigint,
  spends: Map<string, Spend | { readonly error: unknown }>,
): Promise<void> {
  const { priceBook, organizations, window } = batch;
  const since = organizations.map(([first]) => {
    const closed = ledger.closedUntil(first?.state.id ?? '', priceBook) ?? window.start;
    return closed < window.start ? window.start : closed > window.end ? window.end : closed;
  });
  const edges = [...new Set([window.start, ...since, window.end])].sort((a, b) => (a < b ? -1 : 1));
  const used = await usedOf(shared, batch, edges);
  for (const [index, budgets] of organizations.entries()) {
    const organization = budgets[0]?.state.id ?? '';
    const from = since[index] ?? window.start;
    const units = (used.get(organization) ?? [])
      .filter((_, at) => (edges[at] ?? 0n) >= from)
      .reduce((sum, each) => sum + each, 0n);
    try {
      const found = await sumOrganization(shared, batch, budgets, from, units, now);
      for (const [key, spend] of found) spends.set(key, spend);
    } catch (error) {
      // They stand on the same lines: what is wrong with one is wrong with all of them.
      for (const { budget } of budgets)
        spends.set(spendKey(organization, budget.budgetId), { error });
    }
  }
}

function usedOf(
  shared: SharedLedger,
  { organizations }: Batch,
  edges: readonly bigint[],
): ReturnType<SharedLedger['used']> {
  const [only, second] = organizations;
  if (edges.length < 2) return Promise.resolve(new Map());
  if (only === undefined || second !== undefined) return shared.used(edges);
  const project = onlyProject(only);
  if (project !== null) return shared.used(edges, { kind: 'projects', projects: [project] });
  return shared.used(edges, { kind: 'organization', organization: only[0]?.state.id ?? '' });
}

/** Of budgets of one project alone nothing else needs to be read; null: they are of more. */
function onlyProject(budgets: readonly SpendAsked[]): string | null {
  const [first] = budgets;
  if (first === undefined || first.budget.project === '') return null;
  const { project } = first.budget;
  return budgets.every(({ budget }) => budget.project === project) ? project : null;
}

async function sumOrganization(
  shared: SharedLedger,
  { priceBook, window, cuts, organizations }: Batch,
  budgets: readonly SpendAsked[],
  since: bigint,
  used: bigint,
  now: bigint,
): Promise<Map<string, Spend>> {
  const [first] = budgets;
  if (first === undefined) return new Map();
  const { state } = first;
  const project = organizations.length === 1 ? onlyProject(budgets) : null;
  const question = { scope: { organization: state.id, project }, priceBook, window, cuts, at: now };
  const isAlone = organizations.length === 1;
  const lines = isAlone ? shared.linesOfOne(question) : shared.lines(question);
  const sums = new Sums(state, budgets);
  const check = new LineCheck(since);
  for await (const line of lines) {
    const picos = line.cost === null ? null : picosOf(line.cost);
    check.add(line, picos);
    sums.add(line, picos);
  }
  return sums.spends(check.differs(used));
}

interface BudgetSum {
  readonly asked: SpendAsked;
  readonly sum: SpendSum;
}

/** Gives each line to the budgets that it counts in. */
class Sums {
  readonly #state: OrganizationState;
  readonly #all: readonly BudgetSum[];
  readonly #byHolder = new Map<string, BudgetSum[]>();
  /** By project; what is no project's under the empty name. */
  readonly #byProject = new Map<string, readonly BudgetSum[]>();

  constructor(state: OrganizationState, budgets: readonly SpendAsked[]) {
    this.#state = state;
    this.#all = budgets.map((asked) => {
      const { project, window } = asked.budget;
      const timeZone = window.kind === 'fixed' ? 'UTC' : window.timeZone;
      return { asked, sum: new SpendSum(timeZone, project === '') };
    });
    for (const each of this.#all) {
      const holder = holderOf(each.asked.budget);
      this.#byHolder.set(holder, [...(this.#byHolder.get(holder) ?? []), each]);
    }
  }

  add(line: ChargeLine, picos: bigint | null): void {
    for (const { asked, sum } of this.#of(line.project ?? '')) {
      const { start, end } = asked.window;
      if (line.datedAt >= start && line.datedAt < end) sum.add(line, picos);
    }
  }

  spends(differs: string | null): Map<string, Spend> {
    return new Map(
      this.#all.map(({ asked, sum }) => [
        spendKey(asked.state.id, asked.budget.budgetId),
        sum.spend(differs),
      ]),
    );
  }

  #of(project: string): readonly BudgetSum[] {
    const known = this.#byProject.get(project);
    if (known !== undefined) return known;
    const holders = project === '' ? [ORGANIZATION_HOLDER] : holdersOf(this.#state, project);
    const found = holders.flatMap((holder) => this.#byHolder.get(holder) ?? []);
    this.#byProject.set(project, found);
    return found;
  }
}

function batchesOf(ledger: SpendLedger, asked: readonly SpendAsked[]): Batch[] {
  const groups = new Map<string, SpendAsked[]>();
  for (const each of asked) {
    const { priceBook } = each.budget;
    const book = ledger.book(priceBook, null);
    if (book === null) continue;
    const key = `${priceBook} ${firstMonth(book.timeZone, each.window)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()].flatMap(byWindows);
}

/** An unknown time zone is the ledger's to complain about, and that of the budgets that stand on it. */
function firstMonth(timeZone: string, { start }: TimeWindow): bigint | null {
  try {
    return monthAt(timeZone, start).start;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Windows that are alike stand together, so that few edges cut many lines. */
function byWindows(group: readonly SpendAsked[]): Batch[] {
  const windows = new Map<string, SpendAsked[]>();
  for (const each of group) {
    const key = `${each.window.start} ${each.window.end}`;
    const alike = windows.get(key);
    if (alike === undefined) windows.set(key, [each]);
    else alike.push(each);
  }
  const ordered = [...windows.values()].sort(([a], [b]) =>
    (a?.window.start ?? 0n) < (b?.window.start ?? 0n) ? -1 : 1,
  );
  const batches: Batch[] = [];
  for (let at = 0; at < ordered.length; at += WINDOWS_MAX) {
    batches.push(batchOf(ordered.slice(at, at + WINDOWS_MAX).flat()));
  }
  return batches;
}

function batchOf(budgets: readonly SpendAsked[]): Batch {
  const edges = budgets.flatMap(({ window }) => [window.start, window.end]);
  const cuts = [...new Set(edges)].sort((a, b) => (a < b ? -1 : 1));
  const organizations = new Map<string, SpendAsked[]>();
  for (const each of budgets) {
    const known = organizations.get(each.state.id);
    if (known === undefined) organizations.set(each.state.id, [each]);
    else known.push(each);
  }
  return {
    priceBook: budgets[0]?.budget.priceBook ?? '',
    window: { start: cuts[0] ?? 0n, end: cuts.at(-1) ?? 0n },
    cuts,
    organizations: [...organizations]
      .sort(([a], [b]) => inCodeUnits(`${a}/`, `${b}/`))
      .map(([, each]) => each),
  };
}
