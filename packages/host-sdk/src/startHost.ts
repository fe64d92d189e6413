import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { HostReport, Lease, UsageRecorded } from '@prorata/schemas';
import { CredentialsRejected } from './credentialsRejected.ts';
import { explain } from './decision/explanation.ts';
import type { Explanation } from './decision/explanation.ts';
import { BoundHandle } from './decision/handle.ts';
import type { Handle } from './decision/handle.ts';
import { HostTime, systemClock } from './decision/hostClock.ts';
import { Limiter } from './decision/limiter.ts';
import { takeOnce } from './decision/oneRequest.ts';
import { RuleTable } from './decision/ruleTable.ts';
import { verdictNames } from './decision/verdict.ts';
import type { LastDecision, Verdict } from './decision/verdict.ts';
import type { Host, HostOptions, HostStatus, RequestRank } from './host.ts';
import type { Admission } from './overload/admission.ts';
import { UNGUARDED } from './overload/admission.ts';
import { HealthMeter } from './health/hostHealth.ts';
import type { Observation } from './health/hostHealth.ts';
import { DemandReporter, demandLookMs } from './leases/demandReporter.ts';
import { RuleFile } from './rules/ruleFile.ts';
import { RulesInForce } from './rules/rulesInForce.ts';
import type { AppliedListener } from './rules/rulesInForce.ts';
import { HostReporter } from './usage/hostReporter.ts';
import { UsageMeters } from './usage/usageMeters.ts';
import { UsageTotals } from './usage/usageTotals.ts';
import { UsageQueue } from './usage/usageQueue.ts';

const SDK_VERSION = '0.1.0';
/** Twelve missed confirmations. */
const STALE_AFTER_MS = 60_000;
const USAGE_WINDOW_MS = 10_000;
const REPORT_INTERVAL_MS = 15_000;
/** Longer than any source takes that is there at all, and short for whoever waits for the process. */
const START_DEADLINE_MS = 3_000;
/** What a timer can keep, and what no rate below a thousand a second notices. */
const CLOCK_SLACK_MS = 1;
/** Longer than requests last that anybody still waits for. */
const PERMIT_LIFE_MS = 600_000;
/** How often the wall clock is compared with the monotonic one, milliseconds. */
const CLOCK_CHECK_MS = 1_000;
/** Between two warnings of rejected credentials, milliseconds: seen in every log, filling none. */
const WARNING_REST_MS = 3_600_000;
/** Between two looks at how the host does, milliseconds: slow beside a request, quick beside a person. */
const HEALTH_SAMPLE_MS = 100;
/** The tier of requests that do not say: neither the first nor the last to be turned away. */
const USUAL_TIER = 2;
/** What a stop waits for the last usage, milliseconds. */
const STOP_FLUSH_MS = 2_000;

/**
 * Starts enforcing. Resolves as soon as there is a whole set of rules, from disk or from the source, whichever
 * comes first; with neither, after `startDeadlineMs`, and then `whenNoRules` decides, which
 * `status()` shows. It never rejects for an outage.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const host = new LocalHost(options);
  await host.start();
  return host;
}

class LocalHost implements Host {
  readonly hostId: string;
  readonly bootId = randomUUID();
  readonly #options: HostOptions;
  readonly #time: HostTime;
  readonly #table: RuleTable;
  readonly #meters: UsageMeters;
  readonly #limiter: Limiter;
  readonly #rules: RulesInForce;
  readonly #health = new HealthMeter();
  readonly #file: RuleFile | null;
  readonly #totals = new UsageTotals();
  readonly #queue: UsageQueue;
  readonly #reporter: HostReporter;
  readonly #demands: DemandReporter;
  #followingLeases: Promise<void> | null = null;
  readonly #staleAfterMicros: number;
  readonly #reportIntervalMs: number;
  readonly #abort = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #following: Promise<void> = Promise.resolve();
  #sequence = 0n;
  #reports = 0n;
  #problems = 0;
  #rejectedCredentials = 0;
  #lastRejection: HostStatus['lastRejection'] = null;
  #warnAgainAt = -Infinity;

  constructor(options: HostOptions) {
    this.#options = options;
    this.hostId = options.hostId ?? `${hostname()}-${process.pid}`;
    const { application, directory, rules, usage, whenNoRules = 'open' } = options;
    const failed = (error: unknown): void => this.#failed(error);
    const time = (this.#time = new HostTime(
      options.clock ?? systemClock(),
      options.clockSlackMs ?? (options.clock === undefined ? CLOCK_SLACK_MS : 0),
    ));
    const table = (this.#table = new RuleTable(time, options.maxKeys, {
      hostId: this.hostId,
      zone: options.zone ?? null,
    }));
    this.#meters = new UsageMeters((quotaId) => {
      const rule = table.ruleOf(quotaId);
      return { known: rule !== null, project: rule?.project ?? null };
    }, time.wallOf(time.now()));
    this.#limiter = new Limiter({
      table,
      time,
      meters: this.#meters,
      whenNoRules,
      permitLifeMicros: (options.permitLifeMs ?? PERMIT_LIFE_MS) * 1000,
    });
    this.#file = directory === undefined ? null : new RuleFile(directory, application, failed);
    this.#rules = new RulesInForce({
      table,
      time,
      source: rules.kind,
      file: this.#file,
      confirmed: (atMicros) => this.#confirmed(atMicros),
      failed,
    });
    this.#queue = new UsageQueue(usage, failed);
    this.#demands = new DemandReporter({
      time,
      nodes: () => table.shared,
      about: {
        ...{ hostId: this.hostId, bootId: this.bootId, application },
        weight: options.fleetWeight ?? 1,
      },
      send: async (report) => usage.sendDemand?.(report),
      failed,
      random: Math.random,
    });
    this.#staleAfterMicros = (options.staleAfterMs ?? STALE_AFTER_MS) * 1000;
    this.#reportIntervalMs = options.reportIntervalMs ?? REPORT_INTERVAL_MS;
    this.#reporter = new HostReporter(
      usage,
      this.#reportIntervalMs,
      (leaving) => this.#report(leaving),
      failed,
    );
  }

  async start(): Promise<void> {
    const stored = (await this.#file?.read()) ?? null;
    this.#limiter.staleAt = this.#time.now() + this.#staleAfterMicros;
    this.#rules.listen(() => this.#reporter.changed());
    this.#rules.listen(() => this.#followLeases());
    if (stored !== null) this.#rules.start(stored);
    const known = new Promise<void>((resolve) => {
      const done = this.#rules.listen(() => {
        // Half a set is no reason to begin: what it lacks would be let through.
        if (!this.#table.isKnown) return;
        done();
        resolve();
      });
    });
    this.#following = this.#options.rules.run(
      this.#options.application,
      this.#rules,
      this.#abort.signal,
    );
    this.#every(CLOCK_CHECK_MS, () => {
      if (this.#time.measure()) this.#table.wallStepped();
      this.#table.setStale(this.#time.now() >= this.#limiter.staleAt, this.#time.now());
      this.#table.sweepKeys();
      this.#limiter.permits.expire(this.#time.now());
    });
    this.#every(demandLookMs, () => this.#demands.look());
    this.#every(this.#options.usageWindowMs ?? USAGE_WINDOW_MS, () => this.#closeWindow());
    const { overload } = this.#options;
    if (overload !== undefined) this.#every(HEALTH_SAMPLE_MS, () => overload.sample());
    if (!this.#table.isKnown) {
      await within(known, this.#options.startDeadlineMs ?? START_DEADLINE_MS);
    }
  }

  get last(): Readonly<LastDecision> {
    return this.#limiter.last;
  }

  bind(target: Readonly<Record<string, string>>): Handle {
    return new BoundHandle(this.#limiter, this.#table, target);
  }

  take(target: Readonly<Record<string, string>>, resource: string, cost: number): Verdict {
    return takeOnce(this.#limiter, this.#table, target, resource, cost);
  }

  admit({ tier = USUAL_TIER, caller }: RequestRank = {}): Admission | null {
    const { overload } = this.#options;
    if (overload === undefined) return UNGUARDED;
    const admission = overload.admit(tier, caller);
    if (admission === null) this.#limiter.overloaded(overload.retryAfterMicros());
    return admission;
  }

  explain(target: Readonly<Record<string, string>>): Explanation {
    return explain(this.#table, target, this.#time.now());
  }

  observe(observation: Observation): void {
    this.#health.observe(observation);
  }

  onApplied(listener: AppliedListener): () => void {
    return this.#rules.hear(listener);
  }

  status(): HostStatus {
    const { source, appliedOffset, appliedAt, confirmedAt, rejected, outdated } = this.#rules;
    const { byVerdict, ...counters } = this.#limiter.counters;
    return {
      hostId: this.hostId,
      bootId: this.bootId,
      application: this.#options.application,
      source,
      rules: this.#table.size,
      complete: this.#table.isKnown,
      appliedOffset,
      appliedAt,
      lastContactAt: confirmedAt === null ? null : BigInt(this.#time.wallOf(confirmedAt)),
      stale: this.#time.now() >= this.#limiter.staleAt,
      verdicts: Object.fromEntries(verdictNames.map((name, code) => [name, byVerdict[code] ?? 0])),
      counters: {
        ...counters,
        rejectedRules: rejected,
        outdatedRules: outdated,
        problems: this.#problems,
        rejectedCredentials: this.#rejectedCredentials,
      },
      rollouts: this.#table.rollouts,
      trials: this.#table.trials,
      keys: { ...this.#table.keys },
      waiting: { now: this.#limiter.waiting.size, turnedAway: this.#limiter.waiting.turnedAway },
      overload: this.#options.overload?.status() ?? null,
      clockLagMicros: this.#time.lagMicros,
      lastRejection: this.#lastRejection,
      usage: {
        waiting: this.#queue.size,
        sent: this.#queue.sent,
        dropped: this.#queue.dropped,
        reanchored: this.#meters.reanchored,
        byResource: this.#totals.byResource,
      },
    };
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#limiter.waiting.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#time.stop();
    this.#options.overload?.stop();
    this.#demands.stop();
    this.#closeWindow();
    // A source that hangs in a call to a dead broker does not keep the process.
    await Promise.all([
      this.#queue.close(STOP_FLUSH_MS),
      within(this.#reporter.stop(), STOP_FLUSH_MS),
      within(this.#ended(), STOP_FLUSH_MS),
    ]);
    await this.#file?.settled();
    await this.#options.usage.close();
  }

  async #ended(): Promise<void> {
    await Promise.all([this.#following, this.#followingLeases]);
  }

  /** From the first limit on that all hosts share: most applications have none. */
  #followLeases(): void {
    const { application, rules } = this.#options;
    if (this.#followingLeases !== null || this.#table.shared.size === 0) return;
    const holder = { application, bootId: this.bootId };
    const sink = {
      lease: (lease: Lease): void => {
        if (this.#table.putLease(lease, this.#time.now())) this.#demands.leased();
      },
      failed: (error: unknown): void => this.#failed(error),
    };
    const following = rules.followLeases?.(holder, sink, this.#abort.signal);
    this.#followingLeases = following ?? Promise.resolve();
  }

  #closeWindow(): void {
    const now = this.#time.now();
    const { application, zone = null } = this.#options;
    const about = { hostId: this.hostId, bootId: this.bootId, application, zone };
    const closed = this.#meters.close(now, this.#time.wallOf(now));
    this.#totals.add(closed);
    const records = closed.map((usage): UsageRecorded => {
      const sequence = this.#sequence;
      this.#sequence += 1n;
      return { ...about, sequence, ...usage };
    });
    if (records.length > 0) this.#queue.push(records);
  }

  #report(leaving: boolean): HostReport {
    const now = this.#time.now();
    const { source, appliedOffset, appliedAt, rejectedQuotas } = this.#rules;
    const sequence = this.#reports;
    this.#reports += 1n;
    return {
      hostId: this.hostId,
      bootId: this.bootId,
      application: this.#options.application,
      sdkVersion: SDK_VERSION,
      source: source ?? this.#options.rules.kind,
      rules: this.#table.size,
      appliedOffset,
      appliedAt: appliedAt ?? 0n,
      reportedAt: BigInt(this.#time.wallOf(now)),
      zone: this.#options.zone ?? null,
      sequence,
      rejectedRules: rejectedQuotas,
      intervalMs: this.#reportIntervalMs,
      rollouts: this.#table.rollouts,
      health: this.#health.report(this.#limiter.counters.byVerdict),
      leaving,
    };
  }

  #every(ms: number, task: () => void): void {
    const timer = setInterval(task, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  #confirmed(atMicros: number): void {
    this.#table.setStale(false, atMicros);
    this.#limiter.confirmed(atMicros, atMicros + this.#staleAfterMicros);
  }

  #failed(error: unknown): void {
    this.#problems += 1;
    if (error instanceof CredentialsRejected) this.#rejected(error);
    try {
      this.#options.onProblem?.(error);
    } catch (fault) {
      // Whoever listens must not keep rules, usage and reports from going on.
      process.emitWarning(fault instanceof Error ? fault : String(fault));
    }
  }

  #rejected(error: CredentialsRejected): void {
    const now = this.#time.now();
    this.#rejectedCredentials += 1;
    this.#lastRejection = { at: BigInt(this.#time.wallOf(now)), message: error.message };
    if (this.#options.onProblem !== undefined || now < this.#warnAgainAt) return;
    this.#warnAgainAt = now + WARNING_REST_MS * 1000;
    process.emitWarning(`${error.message} The host goes on without news.`, error.name);
  }
}

/** Resolves with the work or after the time, whichever is first; the process lives until then. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
