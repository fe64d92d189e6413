import type { Rule } from '@prorata/schemas';
import type { LeaseHolder, LeaseSink } from '../leases/leaseSource.ts';

/** Everything a source knows of an application's rules at a moment. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** Quotas whose rule is there but cannot be read: what the host has of them stays. */
  readonly unreadable: readonly string[];
  /**
   * The event up to which the set is whole: a rule of an older event that is not in it is gone.
   * null: it was never written, or only in part, and what it lacks says nothing.
   */
  readonly completeTo: bigint | null;
  /** False when the source has lost contact with what it tells of: nothing is removed by such a set. */
  readonly isCurrent: boolean;
  /** The newest event that the set accounts for, deletions included; -1: none. */
  readonly appliedOffset: bigint;
}

/** Where a source puts what it learns. No call throws. */
export interface RuleSink {
  /** A whole set: what it says is gone, goes. Confirms nothing: it may come from a memory. */
  replaceAll(set: RuleSet): void;
  /** News, and so a confirmation as well, as are `remove` and `complete`. */
  change(rule: Rule): void;
  /** @param eventOffset of the deletion: a rule of a newer event stays. */
  remove(quotaId: string, eventOffset: bigint): void;
  /**
   * What came so far is all there is up to that event.
   * @param quotaIds all that have a rule; to be read during the call only
   */
  complete(completeTo: bigint, quotaIds: ReadonlySet<string>): void;
  /** What the host has is what the source has: the rules are not stale. */
  confirm(): void;
  /** A quota's newest rule cannot be read; the one in force stays. It was told of by `failed` as well. */
  unreadable?(quotaId: string): void;
  /** Something failed; the source goes on by itself. */
  failed(error: unknown): void;
}

/** A way for rules to come. It reconnects for as long as it runs; decisions never wait for it. */
export interface RuleSource {
  readonly kind: 'kafka' | 'http';
  /** Resolves when aborted; never rejects. */
  run(application: string, sink: RuleSink, abort: AbortSignal): Promise<void>;
  /**
   * Shares of fleet-wide limits for one start of a host; asked for when the first such limit is there. Absent: the
   * host uses its safe shares. Resolves when aborted; never rejects.
   */
  followLeases?(holder: LeaseHolder, sink: LeaseSink, abort: AbortSignal): Promise<void>;
}

/** The wait before the first new attempt, and the longest, milliseconds. */
export const reconnectMinMs = 200;
export const reconnectMaxMs = 10_000;
