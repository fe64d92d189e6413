import { decimalOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';
import type { Payers } from '../table/payers.ts';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import type { BookTerms } from './bookTerms.ts';
import { dayAt, monthAt } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';
import { exactOr0, inCodeUnits, ProjectCharges } from './chargeUse.ts';
import type { DaySpan, MeteredUse } from './chargeUse.ts';
import { isNothing, minus, NOTHING, plus, rounded } from './fraction.ts';
import type { Fraction } from './fraction.ts';
import type { Closing } from './ledgerFacts.ts';
import { chargedSpans, edgesOf, reservedBy } from './monthCharges.ts';
import { byTime, organizationOf } from './monthTerms.ts';
import type { LedgerScope, MonthTerms } from './monthTerms.ts';
import { PriceTimeline } from './priceTimeline.ts';
import type { LateUse } from './usageSource.ts';

/** A closed period, and what has happened since. */
export interface ClosedMonth extends Omit<MonthTerms, 'book' | 'month' | 'cuts' | 'until'> {
  /** This period's closing, then those after it, in order. */
  readonly closings: readonly [Closing, ...Closing[]];
  /** The book as it was closed by, then the versions after it that are known, in order. */
  readonly books: readonly [BookTerms, ...BookTerms[]];
}

/** What a day of one quota and resource comes to. */
interface DaySum {
  readonly application: string;
  readonly resource: string;
  readonly quotaId: string;
  readonly day: TimeWindow;
  used: bigint;
  charged: bigint;
  exact: Fraction;
  /** null: several, or none. */
  price: Price | null;
  isPriced: boolean;
}

/** A moment at which something of the period became known that its closing did not know. */
interface Finding {
  readonly at: bigint;
  readonly book: BookTerms;
}

/**
 * What a closed period says now and did not say when it was closed, as new lines. Each is dated when it was found:
 * usage when the log took it, a price when it was published, and neither before the last closing that
 * did not know it, so that no line falls into a period that has been closed meanwhile. The moments are
 * taken one after another, each against the one before, so that a correction is never edited either.
 */
export async function* usageCorrections(closed: ClosedMonth): AsyncGenerator<ChargeLine> {
  const payers = await corrected(closed);
  if (payers === null) return;
  const timelines = new Map(closed.books.map((book) => [book, new PriceTimeline(book.prices)]));
  const asked = { payers, edges: allEdges(closed, [...timelines.values()]), known: closed.known };
  const seen = new Set<string | null>();
  let project: string | null | undefined;
  let uses: LateUse[] = [];
  for await (const use of closed.source.lateUses(asked, closed.closings)) {
    if (use.project !== project) {
      if (project !== undefined) yield* projectCorrections(closed, timelines, project, uses);
      [project, uses] = [use.project, []];
      seen.add(project);
    }
    uses.push(use);
  }
  if (project !== undefined) yield* projectCorrections(closed, timelines, project, uses);
  if (pricedElse(closed).length === 0) return;
  const holders = [...closed.reservations.projects()].filter(
    (holder) => isOf(closed.scope, holder) && !seen.has(holder),
  );
  for (const holder of holders.sort(inCodeUnits)) {
    yield* projectCorrections(closed, timelines, holder, []);
  }
}

/** Whose lines of the period may be other now; null: nobody's. */
async function corrected(closed: ClosedMonth): Promise<Payers | null> {
  const { scope, closings, known, source } = closed;
  const [{ start: from, end: to }] = closings;
  if (scope.organization === null) return null;
  if (pricedElse(closed).length > 0) {
    return scope.project === null
      ? { kind: 'organization', organization: scope.organization }
      : { kind: 'projects', projects: [scope.project] };
  }
  const late = await source.latePayers({ from, to, known }, closings[0]);
  const projects = [...late].filter((project) => isOf(scope, project)).sort(inCodeUnits);
  return projects.length === 0 ? null : { kind: 'projects', projects };
}

function isOf(scope: LedgerScope, project: string | null): project is string {
  if (project === null) return false;
  return scope.project === null
    ? organizationOf(project) === scope.organization
    : scope.project === project;
}

/** The versions of the book that price something of the period other than the version before. */
function pricedElse({ books, closings }: ClosedMonth): BookTerms[] {
  const [{ start, end }] = closings;
  const inPeriod = ({ prices }: BookTerms): string => {
    const timeline = new PriceTimeline(prices);
    return JSON.stringify([...timeline.within(start, end)], (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  };
  return books.filter((book, index) => {
    const before = books[index - 1];
    return before !== undefined && inPeriod(before) !== inPeriod(book);
  });
}

function allEdges({ closings, books }: ClosedMonth, timelines: readonly PriceTimeline[]): bigint[] {
  const [{ start, end }] = closings;
  const spans = chargedSpans({ book: books[0], month: { start, end }, cuts: [], until: end });
  return [...new Set(timelines.flatMap((timeline) => edgesOf(spans, timeline)))].sort(byTime);
}

function* projectCorrections(
  closed: ClosedMonth,
  timelines: ReadonlyMap<BookTerms, PriceTimeline>,
  project: string | null,
  uses: readonly LateUse[],
): Generator<ChargeLine> {
  const base = uses.filter(({ found }) => found === null);
  let before = daySums(closed, timelines, project, base, closed.books[0]);
  let total = [...before.values()].reduce((sum, { exact }) => plus(sum, exact), NOTHING);
  for (const { at, book } of findings(closed, uses)) {
    const known = uses.filter(({ found }) => found === null || dated(closed, found) <= at);
    const after = daySums(closed, timelines, project, known, book);
    for (const key of [...new Set([...before.keys(), ...after.keys()])].sort(inCodeUnits)) {
      const change = changeOf(before.get(key), after.get(key));
      if (change === null) continue;
      const former = rounded(total);
      total = plus(total, change.exact);
      yield correctionLine(closed, project, at, change, rounded(total) - former);
    }
    before = after;
  }
}

/** In order of time; each with the newest version of the book by then. */
function findings(closed: ClosedMonth, uses: readonly LateUse[]): Finding[] {
  const published = pricedElse(closed).map((book) => ({ at: publishedAt(closed, book), book }));
  const late = uses.flatMap(({ found }) => (found === null ? [] : [dated(closed, found)]));
  const moments = [...new Set([...late, ...published.map(({ at }) => at)])].sort(byTime);
  return moments.map((at) => ({
    at,
    book: published.findLast((each) => each.at <= at)?.book ?? closed.books[0],
  }));
}

/** Usage is found a day at a time: the day's start, yet not before the closing that is next. */
function dated({ closings, books }: ClosedMonth, found: bigint): bigint {
  const { start } = dayAt(books[0].timeZone, found);
  const closedAt = closings.findLast((closing) => closing.closedAt <= found)?.closedAt ?? found;
  return start > closedAt ? start : closedAt;
}

function publishedAt({ closings }: ClosedMonth, book: BookTerms): bigint {
  const unaware = closings.findLast(({ priceBookVersion }) => priceBookVersion < book.version);
  const closedAt = unaware?.closedAt ?? book.decidedAt;
  return book.decidedAt > closedAt ? book.decidedAt : closedAt;
}

function daySums(
  closed: ClosedMonth,
  timelines: ReadonlyMap<BookTerms, PriceTimeline>,
  project: string | null,
  uses: readonly MeteredUse[],
  book: BookTerms,
): Map<string, DaySum> {
  const [{ start, end }] = closed.closings;
  const timeline = timelines.get(book) ?? new PriceTimeline(book.prices);
  const month = { start, end };
  const { spans } = chargedSpans({ book, month, cuts: [], until: end });
  const reserved = reservedBy({ month, reservations: closed.reservations }, timeline, project);
  const charges = new ProjectCharges({ month, spans, until: end }, timeline, reserved);
  const sums = new Map<string, DaySum>();
  const bySpan = Map.groupBy(uses, ({ start: at }) => spanAt(spans, at));
  for (const span of spans) {
    for (const charge of charges.next(span, bySpan.get(span) ?? [])) {
      const { application, resource, quotaId, used, charged, price } = charge;
      const day = { start: span.day, end: span.end };
      // Sorted as text: days of one month have numbers of one length.
      const key = `${span.day} ${application} ${resource} ${quotaId}`;
      const known = sums.get(key);
      const exact = exactOr0(charge);
      if (known === undefined) {
        const isPriced = price !== null;
        const names = { application, resource, quotaId, day };
        sums.set(key, { ...names, used, charged, exact, price, isPriced });
        continue;
      }
      known.used += used;
      known.charged += charged;
      known.exact = plus(known.exact, exact);
      known.isPriced ||= price !== null;
      if (known.price !== price) known.price = null;
    }
  }
  return sums;
}

function spanAt(spans: readonly DaySpan[], at: bigint): DaySpan | undefined {
  return spans.findLast(({ start }) => start <= at);
}

function changeOf(before: DaySum | undefined, after: DaySum | undefined): DaySum | null {
  const either = after ?? before;
  if (either === undefined) return null;
  const used = (after?.used ?? 0n) - (before?.used ?? 0n);
  const charged = (after?.charged ?? 0n) - (before?.charged ?? 0n);
  const exact = minus(after?.exact ?? NOTHING, before?.exact ?? NOTHING);
  if (used === 0n && charged === 0n && isNothing(exact)) return null;
  const isPriced = (after?.isPriced ?? false) || (before?.isPriced ?? false);
  const isOnePrice = before === undefined || after === undefined || before.price === after.price;
  return { ...either, used, charged, exact, isPriced, price: isOnePrice ? either.price : null };
}

function correctionLine(
  { scope, books }: ClosedMonth,
  project: string | null,
  at: bigint,
  change: DaySum,
  picos: bigint,
): ChargeLine {
  const [{ id, currency, timeZone }] = books;
  const { application, resource, quotaId, day, used, charged, price, isPriced } = change;
  return {
    organization: scope.organization,
    project,
    category: 'usage',
    correction: true,
    priceBook: id,
    currency,
    billing: monthAt(timeZone, at),
    charge: day,
    datedAt: at,
    application,
    resource,
    quotaId,
    name: null,
    used,
    reserved: null,
    charged,
    price,
    cost: isPriced ? decimalOf(picos) : null,
  };
}
