import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { overloadExample } from '../../test/examples/overload.ts';
import { RecordingChannel, rate, rule, ToldSource, wholeSet } from '../../test/fixtures.ts';
import { isAdmitted, REFUSE } from '../decision/verdict.ts';
import { startHost } from '../startHost.ts';
import type { HealthReading } from './healthSignals.ts';
import { nodeHealth } from './nodeHealth.ts';
import { overloadGate } from './overloadGate.ts';
import type { OverloadOptions } from './overloadGate.ts';

const calm: HealthReading = { eventLoopDelayMs: 1, eventLoopUtilization: 0.6, heap: 0.3, cpu: 0.2 };
const busy: HealthReading = { ...calm, eventLoopDelayMs: 500 };

function gateWith(options: OverloadOptions = {}) {
  const seen = { now: 0, reading: calm, stopped: 0 };
  const gate = overloadGate({
    now: () => seen.now,
    signals: { read: () => seen.reading, stop: () => (seen.stopped += 1) },
    ...options,
  });
  return { gate, seen };
}

async function hostWith(gate: ReturnType<typeof overloadGate>) {
  const source = new ToldSource();
  const starting = startHost({
    application: 'moka',
    rules: source,
    usage: new RecordingChannel(),
    overload: gate,
  });
  (await source.sink).replaceAll(wholeSet([rule('moka/ads', [rate(5n)])]));
  return starting;
}

describe('a host that is asked whether it can take a request on', () => {
  it('turns away beyond its limit, says why and when to try again, and takes on again after a release', async () => {
    const { gate } = gateWith({ concurrency: { initialLimit: 4 }, shares: [] });
    const host = await hostWith(gate);
    const all = Array.from({ length: 4 }, () => host.admit());
    expect(all).not.toContain(null);
    expect(host.admit({ tier: 0 })).toBeNull();
    expect(host.last).toMatchObject({ verdict: REFUSE, reason: 'overloaded', quotaId: null });
    expect(host.last.retryAfterMicros).toBeGreaterThanOrEqual(500_000);
    expect(host.last.retryAfterMicros).toBeLessThanOrEqual(1_500_000);
    all[0]?.release();
    all[0]?.release();
    expect(host.status().overload).toMatchObject({
      limit: 4,
      inFlight: 3,
      refused: [1, 0, 0, 0, 0],
    });
    expect(host.admit()).not.toBeNull();
    // Quotas are asked as ever, and have the last word again.
    expect(isAdmitted(host.bind({ quota: 'moka/ads' }).take('tokens', 1))).toBe(true);
    expect(host.last.reason).toBe('within');
    await host.stop();
  });

  it('lets everything in where nothing guards it', async () => {
    const source = new ToldSource();
    const starting = startHost({
      application: 'moka',
      rules: source,
      usage: new RecordingChannel(),
    });
    (await source.sink).replaceAll(wholeSet([]));
    const host = await starting;
    for (let count = 0; count < 10_000; count += 1) expect(host.admit({ tier: 4 })).not.toBeNull();
    expect(host.status().overload).toBeNull();
    await host.stop();
  });

  it('does what the reference shows, and learns nothing of a request that throws', async () => {
    const source = new ToldSource();
    const { promise: gate, resolve: open } = Promise.withResolvers<string>();
    let served = 0;
    const serve = (): Promise<string> => {
      served += 1;
      if (served === 17) throw new Error('cannot be served');
      return gate;
    };
    const starting = overloadExample(
      { application: 'moka', rules: source, usage: new RecordingChannel() },
      serve,
    );
    (await source.sink).replaceAll(wholeSet([]));
    const { host, handle } = await starting;
    // Of the first limit of 20, 4 are kept for tier 0.
    const answers = Array.from({ length: 16 }, handle);
    expect(await handle()).toBe('busy: overloaded');
    open('served');
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['served']));
    await expect(handle()).rejects.toThrow('cannot be served');
    expect(host.status().overload?.inFlight).toBe(0);
    await host.stop();
  });

  it('refuses what is no tier by an error', () => {
    const { gate } = gateWith();
    for (const tier of [-1, 5, 1.5, NaN]) expect(() => gate.admit(tier)).toThrow(RangeError);
  });
});

describe('a gate', () => {
  it('serves less step by step while the process is not well, and more again, slower, when it is', () => {
    const { gate, seen } = gateWith({ concurrency: false });
    const shares: number[] = [];
    const interval = (): void => {
      for (let tier = 0; tier < 5; tier += 1) gate.admit(tier)?.release();
      gate.sample();
      shares.push(gate.status().share);
    };
    interval();
    expect(shares).toEqual([1]);
    seen.reading = busy;
    for (let count = 0; count < 40; count += 1) interval();
    expect(shares.at(-1)).toBe(0.01);
    const falling = shares.slice(1).map((share, at) => shares[at]! / share);
    expect(Math.max(...falling)).toBeLessThanOrEqual(1.251);
    seen.reading = { ...calm, eventLoopDelayMs: 20 };
    for (let count = 0; count < 20; count += 1) interval();
    const held = gate.status().share;
    interval();
    expect(gate.status().share).toBe(held);
    seen.reading = calm;
    let intervals = 0;
    for (; gate.status().share < 1 && intervals < 1_000; intervals += 1) interval();
    expect(intervals).toBeGreaterThan(50);
    expect(intervals).toBeLessThan(200);
  });

  it('goes on serving a few of the most protected when everything is bad', () => {
    const { gate, seen } = gateWith({ concurrency: false });
    seen.reading = busy;
    const serve = (): number => {
      let served = 0;
      for (let count = 0; count < 500; count += 1) {
        for (let tier = 0; tier < 5; tier += 1) {
          const admission = gate.admit(tier);
          if (admission !== null) served += 1;
          admission?.release();
        }
      }
      gate.sample();
      return served;
    };
    for (let count = 0; count < 100; count += 1) serve();
    const served = serve();
    expect(served).toBeGreaterThan(15);
    expect(served).toBeLessThan(40);
    expect(gate.status().cut).toBeLessThan(1);
  });

  it('takes back what a request has had for too long, and what ended by itself', () => {
    const { gate, seen } = gateWith({ requestLifeMs: 1_000 });
    gate.admit(0);
    {
      using ended = gate.admit(0);
      expect(ended).not.toBeNull();
    }
    seen.now = 999_999;
    gate.sample();
    expect(gate.status()).toMatchObject({ inFlight: 1, reclaimed: 0 });
    seen.now = 1_000_000;
    gate.sample();
    expect(gate.status()).toMatchObject({ inFlight: 0, reclaimed: 1 });
  });

  it('reads how this process does, and sees a loop that is blocked', async () => {
    const health = nodeHealth();
    await delay(100);
    const quiet = health.read();
    const until = performance.now() + 200;
    while (performance.now() < until);
    await delay(20);
    const blocked = health.read();
    health.stop();
    for (const reading of [quiet, blocked]) {
      for (const share of [reading.eventLoopUtilization, reading.heap, reading.cpu]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
    }
    expect(blocked.eventLoopDelayMs).toBeGreaterThan(quiet.eventLoopDelayMs + 20);
    expect(blocked.eventLoopUtilization).toBeGreaterThan(0.7);
  });
});
