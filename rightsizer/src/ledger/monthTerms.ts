import type { TimeWindow } from '../throttle/budgetWindows.ts';
import type { BookTerms } from './bookTerms.ts';
import type { UseCharge } from './chargeUse.ts';
import type { HeldReservations } from './reservations.ts';
import type { KnownUsage, UsageSource } from './usageSource.ts';

/** Whose lines: an organization's, one of its projects', or of usage that nobody pays for. */
export interface LedgerScope {
  /** null: nobody. */
  readonly organization: string | null;
  /** null: all of it. */
  readonly project: string | null;
}

/** What the lines of a month follow from. */
export interface MonthTerms {
  readonly scope: LedgerScope;
  readonly book: BookTerms;
  readonly month: TimeWindow;
  /** Moments between lines: where the window begins or ends that is asked for. */
  readonly cuts: readonly bigint[];
  readonly known: KnownUsage;
  /** Reservations and shared costs count up to here, microseconds. */
  readonly until: bigint;
  readonly reservations: HeldReservations;
  readonly source: UsageSource;
}

/** Usage of one project in the month, charged; money to the pico. */
export interface ProjectCharge {
  readonly project: string | null;
  readonly charge: UseCharge;
  /** null: there was no price. */
  readonly picos: bigint | null;
}

/** Projects are named `<organization>/<project>`. */
export function organizationOf(project: string | null): string | null {
  return project === null ? null : project.slice(0, project.indexOf('/'));
}

export function byTime(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Whether it was decided by the moment; null: all that is known was. */
export function isBy(decidedAt: bigint, moment: bigint | null): boolean {
  return moment === null || decidedAt <= moment;
}
