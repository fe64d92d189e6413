import { LATENCY_BUCKETS, longestOfBucket } from '@prorata/host-sdk';
import { brokenBounds } from '@prorata/quota-model';
import type { RolloutState } from '@prorata/quota-model';
import type { HostHealth, HostReport, RolloutEvidence, RolloutFigures } from '@prorata/schemas';

/** Hosts of one application that are compared; what is beyond tells nothing that these do not. */
const HOSTS_MAX = 50_000;
/** A host is silent once it has missed so many of its own heartbeats. */
const MISSED_HEARTBEATS = 4n;
const MICROS_PER_MS = 1_000n;
/** The longest heartbeat that is believed, milliseconds: a silent host must be seen to be silent. */
const HEARTBEAT_MS_MAX = 60_000;
/** Rollouts that one report tells of, as many as can be on in an application. */
const ROLLOUTS_MAX = 20;
/** Characters of an id that is kept: a host sends what it likes. */
const ID_LENGTH_MAX = 256;
/** Of latencies, the share that a bound is about. */
const P99_OF_100 = 99;

/** What one host said last. */
interface LastReport {
  readonly bootId: string;
  readonly sequence: bigint;
  readonly at: bigint;
  readonly health: HostHealth;
  readonly rollouts: HostReport['rollouts'];
}

/** Sums over hosts, of what lies between two reports of one host. */
class Measure {
  /** By host: until when its last report holds, microseconds. */
  readonly goodUntil = new Map<string, bigint>();
  #decisions = 0n;
  #refused = 0n;
  #requests = 0n;
  #errors = 0n;
  readonly #latencies = new Array<bigint>(LATENCY_BUCKETS).fill(0n);

  add(before: HostHealth, after: HostHealth): void {
    this.#decisions += gained(before.decisions, after.decisions);
    this.#refused += gained(before.refused, after.refused);
    this.#requests += gained(before.requests, after.requests);
    this.#errors += gained(before.errors, after.errors);
    const former = new Map(before.latency.map(({ bucket, count }) => [bucket, count]));
    for (const { bucket, count } of after.latency) {
      const sum = this.#latencies[bucket];
      if (sum === undefined) continue;
      this.#latencies[bucket] = sum + gained(former.get(bucket) ?? 0n, count);
    }
  }

  figures(now: bigint): RolloutFigures {
    let hosts = 0;
    for (const until of this.goodUntil.values()) if (until >= now) hosts += 1;
    return {
      hosts,
      decisions: this.#decisions,
      refused: this.#refused,
      requests: this.#requests,
      errors: this.#errors,
      latencyP99Micros: this.#p99(),
    };
  }

  #p99(): bigint | null {
    const all = this.#latencies.reduce((sum, count) => sum + count, 0n);
    if (all === 0n) return null;
    let below = 0n;
    for (const [bucket, count] of this.#latencies.entries()) {
      below += count;
      if (below * 100n >= all * BigInt(P99_OF_100)) return BigInt(longestOfBucket(bucket));
    }
    return null;
  }
}

/** One stage of one rollout, since it bakes. */
interface Watch {
  readonly rolloutId: string;
  readonly stage: number;
  readonly bakesFrom: bigint;
  readonly candidates: Measure;
  readonly others: Measure;
}

/**
 * What hosts report of the stages that are on. A host counts from its second report under a stage on: what
 * it did before is no part of it. A host that starts anew begins at nothing, and loses nothing that it told.
 */
export class HealthBook {
  /** By application and rollout. */
  readonly #watches = new Map<string, Map<string, Watch>>();
  /** By application and host. */
  readonly #last = new Map<string, Map<string, LastReport>>();

  /** The applications of which something is watched. */
  get applications(): readonly string[] {
    return [...this.#watches.keys()];
  }

  /** Watches these rollouts of an application and no others; a stage that bakes anew is measured anew. */
  watch(application: string, rollouts: readonly RolloutState[]): void {
    if (rollouts.length === 0) {
      this.#watches.delete(application);
      this.#last.delete(application);
      return;
    }
    const former = this.#watches.get(application);
    const watches = rollouts.map((rollout): [string, Watch] => {
      const { rolloutId, stage, bakesFrom } = rollout;
      const known = former?.get(rolloutId);
      const isSame = known?.stage === stage && known.bakesFrom === bakesFrom;
      const fresh = { candidates: new Measure(), others: new Measure() };
      return [rolloutId, isSame ? known : { rolloutId, stage, bakesFrom, ...fresh }];
    });
    this.#watches.set(application, new Map(watches));
  }

  /** @param at when the report was sent, by the sender's clock and never later than now, microseconds */
  take(report: HostReport, at: bigint): void {
    const { application, hostId, bootId, sequence, health } = report;
    const watches = this.#watches.get(application);
    if (watches === undefined || health === null) return;
    if (hostId.length > ID_LENGTH_MAX || bootId.length > ID_LENGTH_MAX) return;
    const hosts = this.#last.get(application) ?? new Map<string, LastReport>();
    this.#last.set(application, hosts);
    const before = hosts.get(hostId);
    if (before === undefined && hosts.size >= HOSTS_MAX) return;
    if (before?.bootId === bootId && sequence <= before.sequence) return;
    // Of an earlier start of the host: the log is read again from the begin of the stage after a fault.
    if (before !== undefined && at < before.at) return;
    const last = lastOf(report, health, at);
    hosts.set(hostId, last);
    if (before?.bootId !== bootId) return;
    const heartbeatMs = BigInt(Math.min(report.intervalMs, HEARTBEAT_MS_MAX));
    const goodUntil = at + heartbeatMs * MISSED_HEARTBEATS * MICROS_PER_MS;
    for (const watch of watches.values()) {
      const side = sideOf(watch, before, last);
      if (side === null) continue;
      side.goodUntil.set(hostId, goodUntil);
      side.add(before.health, last.health);
    }
  }

  /** What is known of a rollout's stage, with the bounds that do not hold. */
  evidence(application: string, rollout: RolloutState, now: bigint): RolloutEvidence {
    const watch = this.#watches.get(application)?.get(rollout.rolloutId);
    const { candidates, others } = watch ?? { candidates: new Measure(), others: new Measure() };
    const figures = { stage: candidates.figures(now), others: others.figures(now) };
    const broken = rollout.gate === null ? [] : brokenBounds(rollout.gate, figures);
    return { measuredFrom: rollout.bakesFrom, measuredTo: now, ...figures, broken: [...broken] };
  }
}

/** No more is kept than is compared, whatever a host sends. */
function lastOf(
  { bootId, sequence, rollouts }: HostReport,
  health: HostHealth,
  at: bigint,
): LastReport {
  const latency = health.latency.slice(0, LATENCY_BUCKETS);
  return {
    bootId,
    sequence,
    at,
    health: { ...health, latency },
    rollouts: rollouts
      .slice(0, ROLLOUTS_MAX)
      .filter(({ rolloutId }) => rolloutId.length <= ID_LENGTH_MAX),
  };
}

/** Where what lies between two reports belongs; null: not all of it was under the stage. */
function sideOf(watch: Watch, before: LastReport, after: LastReport): Measure | null {
  if (before.at < watch.bakesFrom) return null;
  const [then, now] = [before, after].map(({ rollouts }) =>
    rollouts.find(({ rolloutId, stage }) => rolloutId === watch.rolloutId && stage === watch.stage),
  );
  if (then === undefined || now === undefined || then.isCandidate !== now.isCandidate) return null;
  return now.isCandidate ? watch.candidates : watch.others;
}

/** A counter that went back is no counter: it tells nothing. */
function gained(before: bigint, after: bigint): bigint {
  return after > before ? after - before : 0n;
}
