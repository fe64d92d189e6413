import type { HostRollout, RuleSource as SourceName } from '@prorata/schemas';
import type { Explanation } from './decision/explanation.ts';
import type { Handle } from './decision/handle.ts';
import type { HostClock } from './decision/hostClock.ts';
import type { TrialFigures } from './decision/quotaNode.ts';
import type { LastDecision, Verdict } from './decision/verdict.ts';
import type { Admission } from './overload/admission.ts';
import type { OverloadGate, OverloadStatus } from './overload/overloadGate.ts';
import type { Observation } from './health/hostHealth.ts';
import type { AppliedListener } from './rules/rulesInForce.ts';
import type { RuleSource } from './rules/ruleSource.ts';
import type { ResourceTotals } from './usage/usageTotals.ts';
import type { UsageChannel } from './usage/usageChannel.ts';

export interface HostOptions {
  /** The application whose rules are enforced. */
  readonly application: string;
  /** Names this host in usage and reports. Default: the machine's name and the process id. */
  readonly hostId?: string;
  /** Where the host runs, such as a zone of the cloud: what its reports, and so people, know it by, and what rollouts choose by. Default: none. */
  readonly zone?: string | null;
  readonly rules: RuleSource;
  readonly usage: UsageChannel;
  /** Where the last good rules are kept; without it a start needs a source. */
  readonly directory?: string;
  /** Rules not confirmed for so long are stale, and each rule says what then. Default 60,000. */
  readonly staleAfterMs?: number;
  /** Length of a usage window. Default 10,000. */
  readonly usageWindowMs?: number;
  /** Heartbeat of the reports. Default 15,000. */
  readonly reportIntervalMs?: number;
  /**
   * What holds, where no rule speaks, while there was never a whole set of rules, from disk or a
   * source. Default `open`.
   */
  readonly whenNoRules?: 'open' | 'closed';
  /**
   * By how much more than another host this one counts where all want more of a fleet-wide limit than there is, 1 to
   * 1,000: its size, say. Default 1.
   */
  readonly fleetWeight?: number;
  /** How long a start without rules on disk waits for a source. Default 3,000. */
  readonly startDeadlineMs?: number;
  readonly clock?: HostClock;
  /**
   * How long decisions may share one reading of the clock, which costs more than a decision. Limits
   * can be exceeded by what they give in that time. Default 1, and 0 (read it always) for a `clock`
   * of the caller's own.
   */
  readonly clockSlackMs?: number;
  /** How long what `permit` gave may be out, before it comes back by itself. Default 600,000. */
  readonly permitLifeMs?: number;
  /** Keys with limits of their own, over all rules; further ones share one more limit. Default 100,000. */
  readonly maxKeys?: number;
  /** Turns requests away while the host has too much to do: `overloadGate()`. Default: nothing does. */
  readonly overload?: OverloadGate;
  /**
   * Hears of what fails in the background; decisions go on. What it throws is a warning. Without it, rejected
   * credentials are a warning of the process, hourly: nothing else would tell them from an outage.
   */
  readonly onProblem?: (error: unknown) => void;
}

export interface HostStatus {
  readonly hostId: string;
  readonly bootId: string;
  readonly application: string;
  /** Where the rules in force came from; null: there are none yet. */
  readonly source: SourceName | null;
  /** How many rules are in force. */
  readonly rules: number;
  /** Whether a whole set was ever there; until then `whenNoRules` holds where no rule speaks. */
  readonly complete: boolean;
  /** The newest event that they account for; -1n: none. */
  readonly appliedOffset: bigint;
  /** When they last changed, and when a source last confirmed them; microseconds since the epoch. */
  readonly appliedAt: bigint | null;
  readonly lastContactAt: bigint | null;
  readonly stale: boolean;
  /** Decisions by verdict since the start. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly counters: {
    /** Let through because no rule speaks of the resource there. */
    readonly ungoverned: number;
    /** Decided by `whenNoRules`. */
    readonly withoutRules: number;
    /**
     * Let through, and refused, for want of confirmed rules or of room for a key's own limit: see
     * `LastDecision.degraded`. Of keys, those that found room count in `keys.overflowed` alone.
     */
    readonly degradedAllows: number;
    readonly degradedRefusals: number;
    readonly misused: number;
    readonly unmatchedReleases: number;
    /** Permits that came back because nobody was left who could give them back, or in time. */
    readonly reclaimedPermits: number;
    readonly rejectedRules: number;
    readonly outdatedRules: number;
    readonly problems: number;
    /** How often the token was rejected, by the rules' source or the usage's channel. */
    readonly rejectedCredentials: number;
  };
  /** The rollouts that the rules are part of, and whether this host takes their candidates. */
  readonly rollouts: readonly HostRollout[];
  /** Limits on trial, which are never enforced, and what they said since they came. */
  readonly trials: readonly TrialFigures[];
  /** Keys that have limits of their own, and what became of those that there was no room for. */
  readonly keys: {
    readonly used: number;
    readonly max: number;
    /** Forgotten while they had used nothing: they lost nothing. */
    readonly evictedIdle: number;
    /** Forgotten with what they held, because their limit went or its keys are others now. */
    readonly evictedActive: number;
    /** Decisions about keys that shared the limit of those without room. */
    readonly overflowed: number;
  };
  /** Requests that wait for their turn now, and those that were turned away because too many did. */
  readonly waiting: { readonly now: number; readonly turnedAway: number };
  /** What keeps the host from taking on too much; null: nothing does. */
  readonly overload: OverloadStatus | null;
  /** By how much the time of a decision may lately have lagged behind the clock. */
  readonly clockLagMicros: number;
  /** The last time that the token was rejected, microseconds since the epoch, and the words; null: never. */
  readonly lastRejection: { readonly at: bigint; readonly message: string } | null;
  /**
   * Usage records waiting, sent, and lost because the queue was full or the channel refused them;
   * windows moved because the wall clock was set back behind their start.
   */
  readonly usage: {
    readonly waiting: number;
    readonly sent: number;
    readonly dropped: number;
    readonly reanchored: number;
    /** What closed windows let through and refused, by resource; of more than 100, the rest is `(other)`. */
    readonly byResource: Readonly<Record<string, ResourceTotals>>;
  };
}

/** Who goes first where not all can. */
export interface RequestRank {
  /** 0 (the most protected) to 4. Default 2. @throws RangeError for another number */
  readonly tier?: number;
  /** Whose request it is: those of one caller and tier fare alike. Default: each by itself. */
  readonly caller?: string;
}

export interface Host {
  readonly hostId: string;
  /** A UUID of this start. */
  readonly bootId: string;
  /** What the last decision was about: one object, overwritten by every decision. */
  readonly last: Readonly<LastDecision>;
  /**
   * Resolves once who is asking, to be asked often. `quota` names a quota, which counts when it has
   * a rule; the other entries are request attributes, for the rule whose match fits best.
   */
  bind(target: Readonly<Record<string, string>>): Handle;
  /**
   * Decides about one request of a target that will not be asked for again: as `bind(target).take(…)`, without
   * a handle. What is asked for often is cheaper bound.
   */
  take(target: Readonly<Record<string, string>>, resource: string, cost: number): Verdict;
  /**
   * Asks, before anything else of a request, whether the host can take it on. null: it has too much to
   * do, and `host.last` says when to try again. What it gives is released once, with what became of the
   * request. Without `overload` all are let in.
   */
  admit(request?: RequestRank): Admission | null;
  /** What a request of the same target would be held to; nothing is taken or counted. */
  explain(target: Readonly<Record<string, string>>): Explanation;
  /**
   * Tells of a request that was served, for the gates of rollouts: they go on or back by what hosts report of
   * errors and latency. Makes no object, and never throws.
   */
  observe(observation: Observation): void;
  status(): HostStatus;
  /**
   * Hears of every change of the rules in force, and at once what they are, if there are any.
   * @returns a function that ends the listening
   */
  onApplied(listener: AppliedListener): () => void;
  /** Closes the usage window, sends what waits (2 s at most), and lets everything go. */
  stop(): Promise<void>;
}
