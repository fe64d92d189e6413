import type { EvenSeries } from '../recommend/recommendation.ts';
import type { Payers } from '../table/payers.ts';
import type { Positions } from '../table/tableVersion.ts';

/**
 * `fleet`: hosts add up, for a limit that they share out. `host`: the one with the most counts, for a
 * limit that each host holds by itself.
 */
export type DemandOf = 'host' | 'fleet';

/** What one quota saw of one resource in one step of time; amounts in millionths, whole units each. */
export interface DemandStep {
  readonly quotaId: string;
  readonly resource: string;
  readonly start: bigint;
  /** Let through and refused. */
  readonly wantedMicros: bigint;
  readonly refusedMicros: bigint;
  readonly queuedMicros: bigint;
  /** Of a fleet the sum of each host's highest (in steps of minutes, the highest of a minute): an upper bound of what was there at once. */
  readonly peak: bigint;
}

/** What the table knows of one quota and one resource. */
export interface UsedSummary {
  readonly application: string;
  readonly quotaId: string;
  readonly resource: string;
  /** Where the first window begins and the last one ends, microseconds. */
  readonly firstReportedAt: bigint;
  readonly lastReportedAt: bigint;
  /** Where the last window ends in which anything was used; null: none was. */
  readonly lastUsedAt: bigint | null;
  /** Of the last day, the last 7 and the last 30, each from the beginning of its first hour on; base units; those of concurrency and capacity in unit-seconds. */
  readonly used: readonly [day: bigint, week: bigint, month: bigint];
  readonly refused: readonly [day: bigint, week: bigint, month: bigint];
  /** The highest that one host had at once within 30 days. */
  readonly peak: bigint;
}

/**
 * What a payer used of one resource through one quota in one hour. A record counts whole in the hour
 * in which its window starts. Times are microseconds since the epoch, amounts base units.
 */
export interface PayerHour {
  /** null: nobody paid for the quota at the window's start. */
  readonly project: string | null;
  readonly application: string;
  readonly quotaId: string;
  readonly resource: string;
  /** When the hour begins, in UTC. */
  readonly hour: bigint;
  readonly used: bigint;
  readonly refused: bigint;
}

/** What a payer used of one resource through one quota in one interval of those asked for. */
export interface PayerUse extends Omit<PayerHour, 'hour'> {
  /** The interval [edges[index], edges[index + 1]). */
  readonly index: number;
  /** Where the first window begins and the last one ends in which anything was used; null: nothing was. */
  readonly usedFrom: bigint | null;
  readonly usedUntil: bigint | null;
}

export interface PayersAsked {
  /** Of windows that start at or after it. */
  readonly from: bigint;
  /** Of windows that start before it. */
  readonly to: bigint;
  /** Absent: everybody, and what nobody pays for. */
  readonly payers?: Payers;
}

export interface UsedAsked {
  /**
   * Microseconds, two or more, ascending: the beginnings of intervals and the end of the last. Exact
   * wherever they lie; hours with an edge within them are read from the table itself.
   */
  readonly edges: readonly bigint[];
  readonly payers?: Payers;
}

export interface DemandAsked {
  readonly quotaIds: readonly string[];
  readonly from: bigint;
  readonly to: bigint;
  /** The length of a step, microseconds. */
  readonly stepMicros: bigint;
  readonly demandOf: DemandOf;
  /** Of hosts in this zone alone; absent: of all hosts. */
  readonly zone?: string;
}

/** A limit whose demand is asked for in its own unit. */
export interface ProfileSeries {
  readonly quotaId: string;
  readonly resource: string;
  readonly demandOf: DemandOf;
  /** A rate is an amount in this time, microseconds; null: concurrency and capacity, which are there at once. */
  readonly perMicros: bigint | null;
}

export interface ProfilesAsked {
  /** In any order; each quota and resource once. */
  readonly series: readonly ProfileSeries[];
  /** Where the first slot begins: a multiple of slotMicros. */
  readonly from: bigint;
  /** What is known ends here: a multiple of stepMicros. */
  readonly to: bigint;
  /** Microseconds; steps of five minutes and slots of an hour are read from what is rolled up. */
  readonly stepMicros: bigint;
  /** A multiple of stepMicros. */
  readonly slotMicros: bigint;
  /** How many of the newest steps are wanted beside the slots. */
  readonly steps: number;
}

/**
 * What was wanted of one limit, in its unit, NaN where nothing was reported. A rate: what was let through
 * and refused, per the limit's own time; where that is a second or less, the highest second if it was more.
 * Concurrency and capacity: the most at once, and of what was refused at most as much again.
 */
export interface DemandProfile {
  /** As it was asked for. */
  readonly series: ProfileSeries;
  /** The highest step of each whole slot, up to the last that is over. */
  readonly slots: EvenSeries;
  readonly steps: EvenSeries;
  /** What was refused or queued in each of these steps, in the same unit. */
  readonly pressed: Float64Array;
  /** The highest of all slots and steps, rounded up; 0: nothing was reported. */
  readonly highest: bigint;
}

export interface PercentilesAsked {
  readonly quotaIds: readonly string[];
  /** Both whole minutes. */
  readonly from: bigint;
  readonly to: bigint;
  readonly demandOf: DemandOf;
  readonly zone?: string;
  /** Between 0 and 1. */
  readonly quantiles: readonly number[];
}

/** How the demand of a resource was spread over its minutes. */
export interface Percentiles {
  readonly quotaId: string;
  readonly resource: string;
  /** Minutes in which hosts reported it: the samples. */
  readonly minutes: number;
  /**
   * For each quantile the least demand of a minute that is not below this part of the minutes,
   * within 1 % and half a unit.
   */
  readonly values: readonly bigint[];
  /** The highest minute, exactly. */
  readonly max: bigint;
}

/** What payers used, as the table had it up to `positions`. */
export interface PaidUsage {
  readonly positions: Positions;
  /** By hour, project, quota and resource. Both ends must be whole hours. @throws RangeError */
  payerHours(asked: PayersAsked): AsyncGenerator<readonly PayerHour[]>;
  /** By project (nobody first), interval, application, resource and quota, in code units. @throws RangeError */
  usedBetween(asked: UsedAsked): AsyncGenerator<readonly PayerUse[]>;
}

/**
 * Usage as the table had it up to `positions`: every answer is the same for ever, whether it was
 * made from roll-ups or from the rows themselves. Of an answer in parts, parts come in its order.
 */
export interface RolledUsage extends PaidUsage {
  /** The table's version that it was made from. */
  readonly version: number;
  readonly snapshotId: bigint;
  /** By quota, resource and time; steps in which nothing was reported are left out. */
  demand(asked: DemandAsked): AsyncGenerator<readonly DemandStep[]>;
  /**
   * Of each of these limits, in the order of quotas and resources: many at a time in bounded memory, so that
   * a hundred thousand are one pass. Those of a page share their memory, which is not used again.
   * @throws RangeError
   */
  profiles(asked: ProfilesAsked): AsyncGenerator<readonly DemandProfile[]>;
  /** By quota and resource. @throws RangeError */
  percentiles(asked: PercentilesAsked): Promise<readonly Percentiles[]>;
  /**
   * By quota and resource, of whatever the table has; sums are of windows that start in the days before
   * `now`, from the beginning of an hour on.
   */
  summary(now: bigint): AsyncGenerator<readonly UsedSummary[]>;
}
