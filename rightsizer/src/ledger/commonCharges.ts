import { decimalOf, picosOf } from '@prorata/quota-model';
import type { CostSplit, IdleRule, Price, ProjectWeight, SharedCost } from '@prorata/schemas';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import { daysOf } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';
import type { DayCosts, ProjectCost } from './dayCosts.ts';
import { rounded } from './fraction.ts';
import type { MonthTerms } from './monthTerms.ts';
import { costBetween, PriceTimeline } from './priceTimeline.ts';
import { heldSeconds } from './reservations.ts';
import { splitCost } from './splitCost.ts';
import type { Share } from './splitCost.ts';

interface SplitRule {
  readonly split: CostSplit;
  readonly weights: readonly ProjectWeight[];
}

/** What is to be divided on one day. */
interface Common extends Pick<
  ChargeLine,
  'category' | 'application' | 'resource' | 'name' | 'charged' | 'price'
> {
  readonly day: TimeWindow;
  readonly rule: SplitRule;
  /** null: there was no price. */
  readonly picos: bigint | null;
}

/**
 * The lines of idle and of shared cost of the days that have begun, by day: a line for each project that bears a
 * part, or one of the organization where no project does. A day is charged as a whole at its start.
 */
export function* commonCharges(
  terms: MonthTerms,
  organization: string,
  costs: DayCosts,
): Generator<ChargeLine> {
  const { book, month, until } = terms;
  const timeline = new PriceTimeline(book.prices);
  const days = daysOf(book.timeZone, month);
  for (const [index, day] of days.entries()) {
    if (day.start >= until) return;
    for (const rule of costs.idleOn(day.start)) {
      const common = idleOf(terms, timeline, costs, rule, day);
      if (common !== null) yield* divided(terms, organization, common, costs);
    }
    for (const shared of costs.shared) {
      const common = sharedOf(shared, day, index, days.length);
      yield* divided(terms, organization, common, costs);
    }
  }
}

/** An equal part of the month's amount; in picos the parts sum to it. */
function sharedOf(shared: SharedCost, day: TimeWindow, index: number, days: number): Common {
  const amount = picosOf(shared.amountPerMonth);
  const upTo = (count: number): bigint =>
    rounded({ numerator: amount * BigInt(count), denominator: BigInt(days) });
  return {
    category: 'shared',
    application: shared.application,
    resource: null,
    name: shared.name,
    charged: 0n,
    price: null,
    day,
    rule: shared,
    picos: upTo(index + 1) - upTo(index),
  };
}

/** What there was on the day and nobody was charged for, at the price's first step; null: nothing. */
function idleOf(
  { reservations, until }: MonthTerms,
  timeline: PriceTimeline,
  costs: DayCosts,
  rule: IdleRule,
  day: TimeWindow,
): Common | null {
  const { application, resource, supply } = rule;
  const end = day.end < until ? day.end : until;
  const there = heldSeconds(reservations.supply(application, resource, supply), day.start, end);
  const charged = there - costs.units(day.start, application, resource);
  if (charged <= 0n) return null;
  const price = timeline.at(application, resource, day.start);
  return {
    category: 'idle',
    application,
    resource,
    name: null,
    charged,
    price,
    day,
    rule,
    picos: price && rounded(costBetween(firstStep(price), 0n, charged)),
  };
}

function firstStep(price: Price): Price {
  return { ...price, steps: [] };
}

function* divided(
  terms: MonthTerms,
  organization: string,
  { rule, day, picos, ...common }: Common,
  costs: DayCosts,
): Generator<ChargeLine> {
  const { book, month } = terms;
  const line: ChargeLine = {
    ...common,
    organization,
    project: null,
    correction: false,
    priceBook: book.id,
    currency: book.currency,
    billing: month,
    charge: day,
    datedAt: day.start,
    quotaId: null,
    used: 0n,
    reserved: null,
    cost: picos === null ? null : decimalOf(picos),
  };
  const application = common.category === 'shared' ? common.application : null;
  const shares = sharesOf(rule, costs.costs(day.start, application));
  const parts = picos === null ? null : splitCost(picos, shares);
  if (parts === null || parts.size === 0) {
    yield line;
    return;
  }
  const units = splitCost(common.charged, shares);
  for (const [project, part] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const charged = units.get(project) ?? 0n;
    if (part !== 0n || charged !== 0n) yield { ...line, project, charged, cost: decimalOf(part) };
  }
}

function sharesOf({ split, weights }: SplitRule, costs: readonly ProjectCost[]): Share[] {
  const named = new Set(weights.map(({ project }) => project));
  const charged = costs.filter(({ project }) => named.size === 0 || named.has(project));
  switch (split) {
    case 'kept':
      return [];
    case 'weights':
      return weights.map(({ project, weight }) => ({ name: project, weight }));
    case 'even': {
      const projects = named.size === 0 ? charged.map(({ project }) => project) : [...named];
      return projects.map((name) => ({ name, weight: 1n }));
    }
    case 'proportional':
      return charged.map(({ project, picos }) => ({ name: project, weight: picos }));
  }
}
