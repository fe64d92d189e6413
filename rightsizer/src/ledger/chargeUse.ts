import type { Price } from '@prorata/schemas';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import { overlap } from './chargeDays.ts';
import { NOTHING } from './fraction.ts';
import type { Fraction } from './fraction.ts';
import { costBetween, isReserving } from './priceTimeline.ts';
import type { PriceTimeline } from './priceTimeline.ts';
import { heldSeconds } from './reservations.ts';
import type { Reservation } from './reservations.ts';

/** What a project used of a resource through one quota in windows that start at or after `start`. */
export interface MeteredUse {
  /** null: nobody pays. */
  readonly project: string | null;
  readonly application: string;
  readonly resource: string;
  readonly quotaId: string;
  /** The beginning of the interval that it is summed over. */
  readonly start: bigint;
  /** Base units; of capacity and concurrency unit-seconds. */
  readonly used: bigint;
}

/** One charge for usage, before its money is rounded. */
export interface UseCharge {
  readonly application: string;
  readonly resource: string;
  readonly quotaId: string;
  /** A day, or the part of it that one price covers. */
  readonly charge: TimeWindow;
  readonly used: bigint;
  /** null: the price does not ask for it. */
  readonly reserved: bigint | null;
  readonly charged: bigint;
  readonly price: Price | null;
  /** In picos; null: there was no price. */
  readonly exact: Fraction | null;
}

/** The month that is charged, and its parts. */
export interface ChargedSpans {
  readonly month: TimeWindow;
  /**
   * The month's days in order, cut where the window that is asked for begins or ends: no charge reaches over
   * a cut, so that any window is a sum of whole charges.
   */
  readonly spans: readonly DaySpan[];
  /** Reservations count up to here: what is to come is charged to nobody. */
  readonly until: bigint;
}

/** A day, or a part of one. */
export interface DaySpan extends TimeWindow {
  /** The day's first moment. */
  readonly day: bigint;
}

/** A project's reservations of one resource. */
export interface ReservedResource {
  readonly application: string;
  readonly resource: string;
  readonly reservations: readonly Reservation[];
}

/** What one quota was charged for of a day so far. */
interface DayTally {
  reserved: bigint;
  used: bigint;
  charged: bigint;
}

interface Measured {
  readonly application: string;
  readonly resource: string;
  readonly quotaId: string;
  readonly charge: TimeWindow;
  readonly price: Price | null;
  readonly reservation: Reservation | null;
  used: bigint;
}

/**
 * Charges one project for one month, in order of time, then of application, resource and quota. That order is part
 * of what a charge costs: a graduated price counts the units that came before in the month.
 *
 * Where a price is for the greater of what is reserved and used, it is so for each quota and day: after any
 * part of the day its charge is the greater of both sums so far, so the parts of a day sum to the day
 * however it is cut.
 */
export class ProjectCharges {
  readonly #spans: ChargedSpans;
  readonly #timeline: PriceTimeline;
  readonly #reserved: readonly ReservedResource[];
  /** By resource and quota. */
  readonly #reservations = new Map<string, Reservation>();
  /** By application and resource: the month's units so far. */
  readonly #units = new Map<string, bigint>();
  /** By resource and quota: of the day in hand. */
  #tallies = new Map<string, DayTally>();
  #day: bigint | null = null;

  constructor(spans: ChargedSpans, timeline: PriceTimeline, reserved: readonly ReservedResource[]) {
    this.#spans = spans;
    this.#timeline = timeline;
    this.#reserved = reserved;
    for (const { resource, reservations } of reserved) {
      for (const each of reservations) this.#reservations.set(`${resource} ${each.quotaId}`, each);
    }
  }

  /**
   * The charges of the next span: call it for every span, in order.
   * @param uses those that begin in the span, in any order
   */
  *next(span: DaySpan, uses: readonly MeteredUse[]): Generator<UseCharge> {
    if (span.day !== this.#day) {
      this.#day = span.day;
      this.#tallies = new Map();
    }
    const measured = new Map<string, Measured>();
    for (const { application, resource, quotaId } of this.#held(span)) {
      for (const part of this.#parts(span, application, resource)) {
        if (part.price === null || !isReserving(part.price)) continue;
        this.#measure(measured, application, resource, quotaId, part);
      }
    }
    for (const { application, resource, quotaId, start, used } of uses) {
      const part = this.#partAt(span, application, resource, start);
      this.#measure(measured, application, resource, quotaId, part).used += used;
    }
    for (const each of [...measured.values()].sort(inOrder)) {
      const charge = this.#chargeOf(each);
      if (charge.used !== 0n || charge.charged !== 0n) yield charge;
    }
  }

  *#held(span: TimeWindow): Generator<{ application: string; resource: string; quotaId: string }> {
    for (const { application, resource, reservations } of this.#reserved) {
      for (const { quotaId, spans } of reservations) {
        const isWithin = spans.some(
          ({ from, to }) => from < span.end && (to === null || to > span.start),
        );
        if (isWithin) yield { application, resource, quotaId };
      }
    }
  }

  #parts(
    span: TimeWindow,
    application: string,
    resource: string,
  ): { window: TimeWindow; price: Price | null }[] {
    const changes = this.#timeline.changes(application, resource, span.start, span.end);
    const starts = [span.start, ...changes];
    return starts.map((start, index) => ({
      window: { start, end: starts[index + 1] ?? span.end },
      price: this.#timeline.at(application, resource, start),
    }));
  }

  #partAt(
    span: TimeWindow,
    application: string,
    resource: string,
    at: bigint,
  ): { window: TimeWindow; price: Price | null } {
    const parts = this.#parts(span, application, resource);
    const part = parts.find(({ window }) => at < window.end);
    if (part === undefined) throw new RangeError('unreachable: the use begins in the span');
    return part;
  }

  #measure(
    measured: Map<string, Measured>,
    application: string,
    resource: string,
    quotaId: string,
    { window, price }: { window: TimeWindow; price: Price | null },
  ): Measured {
    const key = `${window.start} ${application} ${resource} ${quotaId}`;
    const known = measured.get(key);
    if (known !== undefined) return known;
    const each: Measured = {
      application,
      resource,
      quotaId,
      charge: window,
      price,
      reservation: this.#reservations.get(`${resource} ${quotaId}`) ?? null,
      used: 0n,
    };
    measured.set(key, each);
    return each;
  }

  #chargeOf({ reservation, ...measured }: Measured): UseCharge {
    const { application, resource, quotaId, charge, price, used } = measured;
    const isReserved = price !== null && isReserving(price);
    const reserved = isReserved ? this.#reservedIn(charge, reservation) : null;
    const charged =
      reserved === null ? used : this.#greater(`${resource} ${quotaId}`, reserved, used);
    const key = `${application} ${resource}`;
    const before = this.#units.get(key) ?? 0n;
    this.#units.set(key, before + charged);
    const exact = price === null ? null : costBetween(price, before, charged);
    return { application, resource, quotaId, charge, used, reserved, charged, price, exact };
  }

  /** Differences of sums since the month's start, so that parts sum to the whole. */
  #reservedIn(charge: TimeWindow, reservation: Reservation | null): bigint {
    const { month, until } = this.#spans;
    const counted = overlap(charge, { start: month.start, end: until });
    if (reservation === null || counted === null) return 0n;
    const { spans } = reservation;
    return (
      heldSeconds(spans, month.start, counted.end) - heldSeconds(spans, month.start, counted.start)
    );
  }

  #greater(key: string, reserved: bigint, used: bigint): bigint {
    const tally = this.#tallies.get(key) ?? { reserved: 0n, used: 0n, charged: 0n };
    this.#tallies.set(key, tally);
    const before = tally.charged;
    tally.reserved += reserved;
    tally.used += used;
    tally.charged = tally.reserved > tally.used ? tally.reserved : tally.used;
    return tally.charged - before;
  }
}

export function exactOr0({ exact }: UseCharge): Fraction {
  return exact ?? NOTHING;
}

function inOrder(a: Measured, b: Measured): number {
  if (a.charge.start !== b.charge.start) return a.charge.start < b.charge.start ? -1 : 1;
  return (
    inCodeUnits(a.application, b.application) ||
    inCodeUnits(a.resource, b.resource) ||
    inCodeUnits(a.quotaId, b.quotaId)
  );
}

export function inCodeUnits(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
