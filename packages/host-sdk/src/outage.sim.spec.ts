import type { Rule } from '@prorata/schemas';
import { expect, it, vi } from 'vitest';
import {
  perWindow,
  rate,
  RecordingChannel,
  requestTerms,
  rule,
  startMicros,
  ToldSource,
  wholeSet,
} from '../test/fixtures.ts';
import { isAdmitted, verdictNames } from './decision/verdict.ts';
import { startHost } from './startHost.ts';
import { ReferenceLimiter } from './testing/referenceLimiter.ts';

const STEP_MS = 100;
const CONFIRM_MS = 5_000;
const STALE_AFTER_MS = 60_000;
const OUTAGE_MS = 600_000;

const rules: readonly Rule[] = [
  rule('a/hold', [rate(10n)]),
  rule('a/slides', [rate(10n)], { requests: requestTerms({ counting: 'sliding_window' }) }),
  rule('a/window', [{ ...perWindow(90n, 'PT10S'), resource: 'tokens' }]),
  rule('a/open', [rate(10n)], { onStale: 'open' }),
  rule('a/closed', [rate(10n)], { onStale: 'closed' }),
];
const quotas = rules.map(({ quotaId }) => quotaId);

/** The numbers of xorshift32, the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

it('decides through ten minutes without Kafka, relay and Postgres as the rules say, and begins again without a burst', async () => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  });
  const began = performance.now();
  const nowMs = (): number => Math.round(performance.now() - began);
  const nowMicros = (): number => startMicros + nowMs() * 1_000;
  const [source, usage] = [new ToldSource(), new RecordingChannel()];
  const starting = startHost({
    application: 'a',
    rules: source,
    usage,
    clock: { monotonicMicros: nowMicros, wallMicros: nowMicros },
    staleAfterMs: STALE_AFTER_MS,
    onProblem: () => undefined,
  });
  const sink = await source.sink;
  sink.replaceAll(wholeSet(rules));
  const host = await starting;
  const reference = new ReferenceLimiter();
  for (const each of rules) reference.setRule(each, BigInt(startMicros));
  const handles = new Map(quotas.map((quota) => [quota, host.bind({ quota })]));
  const admitted = new Map(quotas.map((quota) => [quota, [] as { at: number; cost: number }[]]));
  const outcomes = new Map(quotas.map((quota) => [quota, new Set<string>()]));
  const random = seeded(20_261_121);
  const [outageAt, backAt] = [60_000, 60_000 + OUTAGE_MS];
  let confirmedMs = 0;
  let decisions = 0;

  for (let ms = 0; ms < backAt + 60_000; ms += STEP_MS) {
    const isOut = ms >= outageAt && ms < backAt;
    usage.fails = isOut ? 'before' : null;
    if (!isOut && ms % CONFIRM_MS === 0) {
      // A source that comes back says all again before it confirms.
      if (ms === backAt) sink.replaceAll(wholeSet(rules));
      sink.confirm();
      confirmedMs = ms;
    }
    reference.isStale = ms - confirmedMs >= STALE_AFTER_MS;
    for (const [quota, handle] of handles) {
      const cost = random() % 4;
      const verdict = handle.take('tokens', cost);
      const at = BigInt(nowMicros());
      const expected = reference.take(quota, 'tokens', BigInt(cost), at);
      expect([ms, quota, verdictNames[verdict]]).toEqual([ms, quota, expected.verdict]);
      expect(host.last.stale).toBe(reference.isStale);
      if (isAdmitted(verdict)) admitted.get(quota)?.push({ at: ms, cost });
      if (isOut) outcomes.get(quota)?.add(host.last.outcome);
      decisions += 1;
    }
    await vi.advanceTimersByTimeAsync(STEP_MS);
  }

  expect(decisions).toBe(36_000);
  expect(Object.fromEntries([...outcomes].map(([quota, all]) => [quota, [...all].sort()]))).toEqual(
    {
      'a/hold': ['allow', 'refuse'],
      'a/slides': ['allow', 'refuse'],
      'a/window': ['allow', 'refuse'],
      'a/open': ['allow', 'degraded_allow', 'refuse'],
      'a/closed': ['allow', 'degraded_refuse', 'refuse'],
    },
  );
  // Over the whole run, and in every second of it, what the limits give and no more, save where the rule is open.
  for (const [quota, most] of [
    ['a/hold', 20],
    ['a/slides', 10],
    ['a/window', 90],
  ] as const) {
    const log = admitted.get(quota) ?? [];
    const bySecond = Map.groupBy(log, ({ at }) => Math.floor(at / 1_000));
    for (const each of bySecond.values()) {
      expect(each.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(most);
    }
    const all = log.reduce((sum, { cost }) => sum + cost, 0);
    expect(all).toBeLessThanOrEqual(10 + (10 * (backAt + 60_000)) / 1_000);
  }
  const after = (admitted.get('a/open') ?? []).filter(
    ({ at }) => at >= backAt && at < backAt + 1_000,
  );
  expect(after.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(20);

  await host.stop();
  // Nothing of the outage's usage is lost, and nothing counted twice.
  const ids = usage.usage.map(({ hostId, bootId, sequence }) => `${hostId} ${bootId} ${sequence}`);
  expect(new Set(ids).size).toBe(ids.length);
  for (const quota of quotas) {
    const used = usage.usage
      .filter(({ quotaId }) => quotaId === quota)
      .reduce((sum, { resources }) => sum + (resources[0]?.used ?? 0n), 0n);
    const all = (admitted.get(quota) ?? []).reduce((sum, { cost }) => sum + cost, 0);
    expect([quota, used]).toEqual([quota, BigInt(all)]);
  }
  expect(host.status().usage.dropped).toBe(0);
}, 60_000);
