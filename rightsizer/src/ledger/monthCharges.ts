import { decimalOf } from '@prorata/quota-model';
import { isPaidBy } from '../table/payers.ts';
import type { Payers } from '../table/payers.ts';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import type { BookTerms } from './bookTerms.ts';
import { daysOf } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';
import { exactOr0, inCodeUnits, ProjectCharges } from './chargeUse.ts';
import type { ChargedSpans, DaySpan, MeteredUse, ReservedResource } from './chargeUse.ts';
import { commonCharges } from './commonCharges.ts';
import { DayCosts } from './dayCosts.ts';
import { NOTHING, plus, rounded } from './fraction.ts';
import type { Fraction } from './fraction.ts';
import { byTime, organizationOf } from './monthTerms.ts';
import type { LedgerScope, MonthTerms, ProjectCharge } from './monthTerms.ts';
import { PriceTimeline } from './priceTimeline.ts';

/** The month's lines of usage, then those of what is idle or shared, in an order that is the same every time. */
export async function* monthLines(terms: MonthTerms): AsyncGenerator<ChargeLine> {
  const { scope, book, month } = terms;
  const costs = new DayCosts(terms);
  for await (const each of projectCharges(terms, payersOf(scope, costs))) {
    costs.add(each);
    if (!isWithin(scope, each.project)) continue;
    yield useLine(scope, book, month, each);
  }
  if (scope.organization === null) return;
  for (const line of commonCharges(terms, scope.organization, costs)) {
    if (scope.project === null || scope.project === line.project) yield line;
  }
}

/** What the month's usage costs, by project, time, application, resource and quota. */
export async function* projectCharges(
  terms: MonthTerms,
  payers: Payers,
): AsyncGenerator<ProjectCharge> {
  const { book, month, source, known } = terms;
  const timeline = new PriceTimeline(book.prices);
  const spans = chargedSpans(terms);
  const edges = edgesOf(spans, timeline);
  const uses = new Ahead(source.uses({ payers, edges, known }));
  try {
    const holders = holdersOf(terms, timeline, payers);
    for (;;) {
      const project = firstOf(await uses.peek(), holders);
      if (project === undefined) return;
      if (holders[0] === project) holders.shift();
      const reserved = reservedBy(terms, timeline, project);
      const charges = new ProjectCharges({ ...spans, month }, timeline, reserved);
      let total: Fraction = NOTHING;
      for (const span of spans.spans) {
        for (const charge of charges.next(span, await usesIn(uses, project, span))) {
          const before = rounded(total);
          total = plus(total, exactOr0(charge));
          const picos = charge.exact === null ? null : rounded(total) - before;
          yield { project, charge, picos };
        }
      }
    }
  } finally {
    await uses.stop();
  }
}

/** The month's days, cut at the moments that are asked for. */
export function chargedSpans({
  book,
  month,
  cuts,
  until,
}: Pick<MonthTerms, 'book' | 'month' | 'cuts' | 'until'>): ChargedSpans {
  const spans = daysOf(book.timeZone, month).flatMap((day): DaySpan[] => {
    const within = cuts.filter((cut) => cut > day.start && cut < day.end).sort(byTime);
    const starts = [...new Set([day.start, ...within])];
    return starts.map((start, index) => ({
      day: day.start,
      start,
      end: starts[index + 1] ?? day.end,
    }));
  });
  return { month, spans, until };
}

/** Where sums of usage must not reach over: the spans, and every change of a price. */
export function edgesOf({ month, spans }: ChargedSpans, timeline: PriceTimeline): bigint[] {
  const edges = new Set(spans.map(({ start }) => start));
  for (const { effectiveFrom } of timeline.starts()) {
    if (effectiveFrom > month.start && effectiveFrom < month.end) edges.add(effectiveFrom);
  }
  edges.add(month.end);
  return [...edges].sort(byTime);
}

export function reservedBy(
  { month, reservations }: Pick<MonthTerms, 'month' | 'reservations'>,
  timeline: PriceTimeline,
  project: string | null,
): ReservedResource[] {
  return [...timeline.reserving(month.start, month.end)].map(({ application, resource }) => ({
    application,
    resource,
    reservations: reservations.of(project, application, resource, month),
  }));
}

function isWithin(scope: LedgerScope, project: string | null): boolean {
  if (scope.project !== null) return scope.project === project;
  return organizationOf(project) === scope.organization;
}

/** Shared and idle costs follow from what others are charged, so those are charged too. */
function payersOf({ organization, project }: LedgerScope, costs: DayCosts): Payers {
  if (organization === null) return { kind: 'nobody' };
  if (costs.needsEverybody) return { kind: 'everybody' };
  if (project === null || costs.needsOrganization) return { kind: 'organization', organization };
  return { kind: 'projects', projects: [project] };
}

/** Who has something reserved in the month that is charged; sorted, nobody first. */
function holdersOf(
  { month, reservations }: MonthTerms,
  timeline: PriceTimeline,
  payers: Payers,
): (string | null)[] {
  const resources = [...timeline.reserving(month.start, month.end)];
  return [...reservations.projects()]
    .map((name) => (name === '' ? null : name))
    .filter(
      (project) =>
        isPaidBy(payers, project) &&
        resources.some(
          ({ application, resource }) =>
            reservations.of(project, application, resource, month).length > 0,
        ),
    )
    .sort(nobodyFirst);
}

function firstOf(
  next: MeteredUse | null,
  holders: readonly (string | null)[],
): string | null | undefined {
  const [holder] = holders;
  if (next === null) return holder;
  if (holder === undefined) return next.project;
  return nobodyFirst(next.project, holder) <= 0 ? next.project : holder;
}

async function usesIn(
  uses: Ahead<MeteredUse>,
  project: string | null,
  span: TimeWindow,
): Promise<MeteredUse[]> {
  const within: MeteredUse[] = [];
  for (;;) {
    const next = await uses.peek();
    if (next === null || next.project !== project || next.start >= span.end) return within;
    within.push(next);
    uses.drop();
  }
}

/** One entry of a stream ahead. */
class Ahead<T> {
  readonly #entries: AsyncGenerator<T>;
  #next: T | null = null;
  #hasEnded = false;

  constructor(entries: AsyncGenerator<T>) {
    this.#entries = entries;
  }

  async peek(): Promise<T | null> {
    if (this.#next === null && !this.#hasEnded) {
      const result = await this.#entries.next();
      if (result.done === true) this.#hasEnded = true;
      else this.#next = result.value;
    }
    return this.#next;
  }

  drop(): void {
    this.#next = null;
  }

  async stop(): Promise<void> {
    await this.#entries.return(undefined);
  }
}

function useLine(
  { organization }: LedgerScope,
  book: BookTerms,
  month: TimeWindow,
  { project, charge, picos }: ProjectCharge,
): ChargeLine {
  return {
    organization,
    project,
    category: 'usage',
    correction: false,
    priceBook: book.id,
    currency: book.currency,
    billing: month,
    charge: charge.charge,
    datedAt: charge.charge.start,
    application: charge.application,
    resource: charge.resource,
    quotaId: charge.quotaId,
    name: null,
    used: charge.used,
    reserved: charge.reserved,
    charged: charge.charged,
    price: charge.price,
    cost: picos === null ? null : decimalOf(picos),
  };
}

function nobodyFirst(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return inCodeUnits(a, b);
}
