import type { HostStatus } from '../host.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One figure of a host as monitoring has it. */
export interface HostMetric {
  /** In Prometheus' form: with the unit, and `_total` for what only rises. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly read: (status: HostStatus, wallMicros: number) => readonly Sample[];
}

const one = (value: number): Sample[] => [{ labels: {}, value }];
const flag = (is: boolean): Sample[] => one(is ? 1 : 0);

const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

type Read = HostMetric['read'];
const counter = (name: string, help: string, read: Read, labels: string[] = []): HostMetric => ({
  name: `prorata_host_${name}_total`,
  help,
  kind: 'counter',
  labels,
  read,
});
const gauge = (name: string, help: string, read: Read, labels: string[] = []): HostMetric => ({
  name: `prorata_host_${name}`,
  help,
  kind: 'gauge',
  labels,
  read,
});

/**
 * Every figure of a host, in one table for all exporters. Labels have few values: verdicts, tiers,
 * signals, and at most 101 resources; never a quota, a key or a caller.
 */
export const hostMetrics: readonly HostMetric[] = [
  counter('decisions', 'Decisions by verdict.', (s) => by('verdict', s.verdicts), ['verdict']),
  gauge(
    'rule_staleness_seconds',
    'How long ago the rules were last confirmed; infinite: never.',
    (s, now) => one(stalenessSeconds(s, now)),
  ),
  gauge('rules_stale', 'Whether they are older than they may be.', (s) => flag(s.stale)),
  gauge('rules_complete', 'Whether a whole set of rules was ever there.', (s) => flag(s.complete)),
  gauge('rules', 'Rules in force.', (s) => one(s.rules)),
  gauge('rules_applied_offset', 'The newest event that they account for; -1: none.', (s) =>
    one(Number(s.appliedOffset)),
  ),
  counter('rules_rejected', 'Rules that could not be enforced; the last good ones stayed.', (s) =>
    one(s.counters.rejectedRules),
  ),
  counter(
    'degraded_decisions',
    'Decisions for want of confirmed rules, or of room for a limit of their own.',
    (s) => by('outcome', { allow: s.counters.degradedAllows, refuse: s.counters.degradedRefusals }),
    ['outcome'],
  ),
  counter('ungoverned', 'Decisions that no rule spoke of.', (s) => one(s.counters.ungoverned)),
  counter('without_rules', 'Decisions made while there was no whole set of rules.', (s) =>
    one(s.counters.withoutRules),
  ),
  counter('misused', 'Decisions about a limit of another kind than was asked.', (s) =>
    one(s.counters.misused),
  ),
  counter('permits_reclaimed', 'Permits that nobody gave back, or in time.', (s) =>
    one(s.counters.reclaimedPermits),
  ),
  counter('problems', 'What failed in the background.', (s) => one(s.counters.problems)),
  counter('credentials_rejected', 'How often the token was rejected.', (s) =>
    one(s.counters.rejectedCredentials),
  ),
  counter('trial_decisions', 'Decisions by limits on trial.', (s) =>
    one(s.trials.reduce((sum, { decided }) => sum + decided, 0)),
  ),
  counter('trial_refused', 'Those among them that would have been refused.', (s) =>
    one(s.trials.reduce((sum, { wouldRefuse }) => sum + wouldRefuse, 0)),
  ),
  gauge('keys', 'Keys that have limits of their own.', (s) => one(s.keys.used)),
  gauge('keys_max', 'How many there may be.', (s) => one(s.keys.max)),
  counter('keys_overflowed', 'Decisions about keys that there was no room for.', (s) =>
    one(s.keys.overflowed),
  ),
  counter(
    'keys_evicted',
    'Keys forgotten: idle ones lost nothing.',
    (s) => by('state', { idle: s.keys.evictedIdle, active: s.keys.evictedActive }),
    ['state'],
  ),
  gauge('clock_lag_seconds', 'By how much the time of a decision may lag.', (s) =>
    one(s.clockLagMicros / 1e6),
  ),
  gauge('usage_records_waiting', 'Usage records not taken yet.', (s) => one(s.usage.waiting)),
  counter('usage_records_sent', 'Usage records taken.', (s) => one(s.usage.sent)),
  counter(
    'usage_records_dropped',
    'Usage records lost: the queue was full, or they were refused.',
    (s) => one(s.usage.dropped),
  ),
  counter(
    'used',
    'What was let through, in base units; of concurrency, unit-seconds.',
    (s) => resources(s, 'used'),
    ['resource'],
  ),
  counter('refused', 'What was refused, in base units.', (s) => resources(s, 'refused'), [
    'resource',
  ]),
  gauge('overload_limit', 'Requests that may be under way at once.', ({ overload }) =>
    overload === null || overload.limit === null ? [] : one(overload.limit),
  ),
  gauge('overload_in_flight', 'Requests under way.', ({ overload }) =>
    overload === null ? [] : one(overload.inFlight),
  ),
  gauge('overload_share', 'The share of requests that is to be served.', ({ overload }) =>
    overload === null ? [] : one(overload.share),
  ),
  counter('overload_admitted', 'Requests let in.', ({ overload }) =>
    overload === null ? [] : one(overload.admitted),
  ),
  counter(
    'overload_refused',
    'Requests turned away, by tier.',
    ({ overload }) =>
      (overload?.refused ?? []).map((value, tier) => ({ labels: { tier: String(tier) }, value })),
    ['tier'],
  ),
  gauge(
    'health',
    'Signals of the process, smoothed: milliseconds for eventLoopDelayMs, shares for the others.',
    ({ overload }) => by('signal', { ...overload?.health }),
    ['signal'],
  ),
];

function stalenessSeconds({ lastContactAt }: HostStatus, wallMicros: number): number {
  return lastContactAt === null ? Infinity : Math.max(0, wallMicros - Number(lastContactAt)) / 1e6;
}

function resources({ usage }: HostStatus, figure: 'used' | 'refused'): Sample[] {
  return Object.entries(usage.byResource).map(([resource, totals]) => ({
    labels: { resource },
    value: totals[figure],
  }));
}

/** Microseconds since the epoch. */
export const wallMicros = (): number => Date.now() * 1000;
