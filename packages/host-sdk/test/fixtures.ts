import type {
  HostReport,
  RequestTerms,
  ResourceLimit,
  Rule,
  UsageRecorded,
} from '@prorata/schemas';
import type { HostClock } from '../src/decision/hostClock.ts';
import { HostTime } from '../src/decision/hostClock.ts';
import { Limiter } from '../src/decision/limiter.ts';
import { RuleTable } from '../src/decision/ruleTable.ts';
import type { RuleSet, RuleSink, RuleSource } from '../src/rules/ruleSource.ts';
import type { UsageChannel } from '../src/usage/usageChannel.ts';
import { UsageMeters } from '../src/usage/usageMeters.ts';

export const second = 1_000_000;
/** A Thursday, as the epoch was. */
export const startMicros = Date.UTC(2026, 0, 1) * 1000;

/** A clock that moves when told; the wall can be stepped apart from it. */
export class TestClock implements HostClock {
  now = startMicros;
  wallAhead = 0;
  monotonicMicros(): number {
    return this.now;
  }
  wallMicros(): number {
    return this.now + this.wallAhead;
  }
}

const none = { perMicros: null, burst: null, guaranteed: null, window: null, zone: null };

export const rate = (amount: bigint, burst: bigint | null = null): ResourceLimit => ({
  ...none,
  resource: 'tokens',
  kind: 'rate',
  bound: 'amount',
  amount,
  perMicros: 1_000_000n,
  burst,
});

export const permits = (amount: bigint): ResourceLimit => ({
  ...none,
  resource: 'requests',
  kind: 'concurrency',
  bound: 'amount',
  amount,
});

export const perWindow = (amount: bigint, window: string): ResourceLimit => ({
  ...none,
  resource: 'credits',
  kind: 'consumable',
  bound: 'amount',
  amount,
  window,
});

export const blocked = (limit: ResourceLimit): ResourceLimit => ({
  ...limit,
  bound: 'blocked',
  amount: 0n,
});

/** As though nobody had said how requests are told apart, but for what is given. */
export const requestTerms = (terms: Partial<RequestTerms> = {}): RequestTerms => ({
  eachOf: null,
  priority: 0,
  rampPercent: 100,
  scope: null,
  safeShareBasisPoints: null,
  counting: null,
  trial: null,
  ...terms,
});

export function rule(quotaId: string, limits: ResourceLimit[], others: Partial<Rule> = {}): Rule {
  return {
    application: quotaId.slice(0, quotaId.indexOf('/')),
    quotaId,
    quotaVersion: 1n,
    eventOffset: 1n,
    decidedAt: 0n,
    limits,
    match: [],
    action: 'refuse',
    degradeTag: null,
    mode: 'enforce',
    onStale: 'hold',
    tier: 2,
    project: null,
    after: null,
    requests: null,
    candidate: null,
    ...others,
  };
}

/** A set as a source in contact has it, whole up to the newest event of its rules. */
export function wholeSet(rules: readonly Rule[], others: Partial<RuleSet> = {}): RuleSet {
  const appliedOffset = rules.reduce(
    (max, { eventOffset }) => (eventOffset > max ? eventOffset : max),
    -1n,
  );
  return {
    rules,
    unreadable: [],
    completeTo: appliedOffset,
    isCurrent: true,
    appliedOffset,
    ...others,
  };
}

export function bench(whenNoRules: 'open' | 'closed' = 'open', keysMax?: number, hostId?: string) {
  const clock = new TestClock();
  const time = new HostTime(clock);
  const table = new RuleTable(time, keysMax, { hostId: hostId ?? '', zone: null });
  const meters = new UsageMeters((quotaId) => {
    const known = table.ruleOf(quotaId);
    return { known: known !== null, project: known?.project ?? null };
  }, clock.now);
  const limiter = new Limiter({ table, time, meters, whenNoRules });
  return { clock, time, table, meters, limiter };
}

/** A source that says what the test tells it to. */
export class ToldSource implements RuleSource {
  readonly kind = 'kafka';
  readonly #sink = Promise.withResolvers<RuleSink>();
  get sink(): Promise<RuleSink> {
    return this.#sink.promise;
  }
  run(_application: string, sink: RuleSink, abort: AbortSignal): Promise<void> {
    this.#sink.resolve(sink);
    return new Promise((resolve) => abort.addEventListener('abort', () => resolve()));
  }
}

/** Takes what comes, or fails when told to, before or after taking it. */
export class RecordingChannel implements UsageChannel {
  readonly usage: UsageRecorded[] = [];
  readonly reports: HostReport[] = [];
  fails: 'before' | 'after' | null = null;
  calls = 0;
  sendUsage(records: readonly UsageRecorded[]): Promise<void> {
    this.calls += 1;
    if (this.fails === 'before') return Promise.reject(new Error('not there'));
    this.usage.push(...records);
    return this.fails === 'after' ? Promise.reject(new Error('timed out')) : Promise.resolve();
  }
  sendReport(report: HostReport): Promise<void> {
    if (this.fails !== null) return Promise.reject(new Error('not there'));
    this.reports.push(report);
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
