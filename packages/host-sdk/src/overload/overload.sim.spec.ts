import { describe, expect, it } from 'vitest';
import { OverloadSimulation } from '../../test/overloadSimulation.ts';
import type { PhaseResult } from '../../test/overloadSimulation.ts';
import type { OverloadOptions } from './overloadGate.ts';

const mix = [0.1, 0.2, 0.3, 0.2, 0.2];
const seeds = [1, 2];
const gates: Record<string, OverloadOptions> = {
  'by both': {},
  'by the limit alone': { health: false },
  'by its health alone': { concurrency: false },
};

function at(load: number, seed: number, gate: OverloadOptions | null): PhaseResult {
  const host = { workers: 8, serviceMs: 10, mix, seed, gate };
  return new OverloadSimulation(host).run({ seconds: 40, load });
}

/** The most that a host without any gate serves in time, at the best load for it; by seed. */
const peaks = new Map<number, number>();
function peakOf(seed: number): number {
  let peak = peaks.get(seed);
  if (peak === undefined) {
    peak = Math.max(...[0.8, 0.9, 0.95, 1].map((load) => at(load, seed, null).goodput));
    peaks.set(seed, peak);
  }
  return peak;
}

describe('a host at three times what it can do', () => {
  it('serves nobody in time without a gate', () => {
    for (const seed of seeds) expect([seed, at(3, seed, null).goodput]).toEqual([seed, 0]);
  });

  it.each(Object.keys(gates))('keeps 90 % of its peak and the top tier’s time: %s', (name) => {
    for (const seed of seeds) {
      const result = at(3, seed, gates[name]!);
      const goodput = result.goodput / peakOf(seed);
      const top = result.topP99Ms / at(0.3, seed, null).topP99Ms;
      expect([seed, goodput, goodput >= 0.9]).toEqual([seed, goodput, true]);
      // Its health alone is told by a delay of so many milliseconds, however long requests take.
      const times = name === 'by its health alone' ? 2.5 : 2;
      expect([seed, top, top <= times]).toEqual([seed, top, true]);
      // The lowest go first: of tiers that stand apart the lower one fares no better.
      const [first, second, , fourth, fifth] = result.refused as [
        number,
        number,
        number,
        number,
        number,
      ];
      expect([fourth > 0.9, fifth > 0.9]).toEqual([true, true]);
      expect([first < 0.15, second < 0.2]).toEqual([true, true]);
    }
  });

  it('never has more under way than its limit was at its highest', () => {
    for (const seed of seeds) {
      const { limits, inFlightMax } = at(3, seed, { health: false });
      expect(inFlightMax).toBeLessThanOrEqual(limits[1] + 1);
    }
  });

  it('bears ten times as much, and serves all again when the load is gone', () => {
    const gate = { workers: 8, serviceMs: 10, mix, seed: 5, gate: {} };
    const simulation = new OverloadSimulation(gate);
    simulation.run({ seconds: 20, load: 0.5 });
    expect(simulation.run({ seconds: 30, load: 10 }).goodput / peakOf(5)).toBeGreaterThan(0.85);
    expect(simulation.run({ seconds: 20, load: 0.5 }).refused).toEqual([0, 0, 0, 0, 0]);
  });
});
