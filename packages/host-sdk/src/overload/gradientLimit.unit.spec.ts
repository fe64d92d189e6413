import { describe, expect, it } from 'vitest';
import { GradientLimit } from './gradientLimit.ts';
import type { Outcome } from './gradientLimit.ts';

interface Limit {
  readonly limit: number;
  ended(nowMicros: number, tookMicros: number, inFlight: number, outcome: Outcome): void;
}

/** Gradient2 as it is published, with its faults: what the cases here are told apart from. */
class PlainGradient implements Limit {
  #limit = 20;
  #long: number | null = null;
  get limit(): number {
    return Math.floor(this.#limit);
  }
  ended(_now: number, took: number, inFlight: number): void {
    this.#long = (this.#long ?? took) + (took - (this.#long ?? took)) * (2 / 601);
    if (inFlight < this.#limit / 2) return;
    const gradient = Math.max(0.5, Math.min(1, (1.5 * this.#long) / took));
    this.#limit = this.#limit * 0.8 + (this.#limit * gradient + 4) * 0.2;
    this.#limit = Math.max(4, Math.min(1_000, this.#limit));
  }
}

/** A host that does so many requests at once, each alone in so long; more of them wait in line. */
interface Service {
  readonly workers: number;
  readonly tookMicros: number;
  readonly outcome?: (request: number) => Outcome;
  /** How much of the limit callers use; default all. */
  readonly use?: number;
}

/** Of so many requests one is looked at: enough to see every limit there was. */
const EACH = 20;

/** Offers more than enough for so long, and tells the limits that there were. */
function offer(limit: Limit, service: Service, seconds: number, from = 0): number[] {
  const { workers, tookMicros, outcome = () => 'ok', use = 1 } = service;
  const limits: number[] = [];
  let now = from;
  for (let request = 0; now < from + seconds * 1e6; request += 1) {
    const inFlight = Math.max(1, Math.floor(limit.limit * use));
    const took = tookMicros * Math.max(1, inFlight / workers);
    now += took / inFlight;
    limit.ended(now, took, inFlight, outcome(request));
    if (request % EACH === 0) limits.push(limit.limit);
  }
  return limits;
}

const slow: Service = { workers: 10, tookMicros: 50_000 };

describe('a limit that finds itself', () => {
  it('settles a little above what the host can do at once, from below and from far above', () => {
    for (const initialLimit of [4, 20, 500]) {
      const limit = new GradientLimit({ initialLimit });
      offer(limit, slow, 300);
      const settled = offer(limit, slow, 60, 300e6);
      // Half of it is for the moments in which it measures how long an unloaded request takes.
      expect(Math.max(...settled)).toBeLessThanOrEqual(20);
      expect(settled.toSorted((a, b) => a - b)[settled.length >> 1]).toBeGreaterThanOrEqual(10);
    }
  });

  it('does not climb under a steady overload, as the published form does', () => {
    const published = new PlainGradient();
    offer(published, slow, 600);
    expect(published.limit).toBeGreaterThan(200);
    const limit = new GradientLimit();
    offer(limit, slow, 60);
    expect(Math.max(...offer(limit, slow, 600, 60e6))).toBeLessThanOrEqual(20);
  });

  it('goes down to its least at steady timeouts, where the published form climbs to its most', () => {
    const timeouts: Service = { workers: 1e9, tookMicros: 5e6, outcome: () => 'dropped' };
    const published = new PlainGradient();
    offer(published, timeouts, 1200);
    expect(published.limit).toBe(1_000);
    const limit = new GradientLimit();
    const limits = offer(limit, timeouts, 1200);
    expect(Math.max(...limits)).toBe(20);
    expect(limit.limit).toBe(4);
  });

  it('takes what is later than dropAfterMs for dropped, whatever it says of itself', () => {
    const limit = new GradientLimit({ dropAfterMs: 4_999 });
    offer(limit, { workers: 1e9, tookMicros: 5e6 }, 1200);
    expect(limit.limit).toBe(4);
  });

  it('does not grow while less than half of it is in use', () => {
    const limit = new GradientLimit();
    expect(new Set(offer(limit, { workers: 1e9, tookMicros: 50_000, use: 0.4 }, 120))).toEqual(
      new Set([20]),
    );
    expect(
      Math.max(...offer(limit, { workers: 1e9, tookMicros: 50_000 }, 20, 120e6)),
    ).toBeGreaterThan(40);
  });

  it('goes down by the share of dropped requests, and bears a few of them', () => {
    const oneIn = (many: number) => ({
      workers: 1e9,
      tookMicros: 10_000,
      outcome: (request: number): Outcome => (request % many === 0 ? 'dropped' : 'ok'),
    });
    const troubled = new GradientLimit({ initialLimit: 100 });
    offer(troubled, oneIn(5), 10);
    expect(troubled.limit).toBeLessThan(60);
    const usual = new GradientLimit({ initialLimit: 100 });
    offer(usual, oneIn(100), 10);
    expect(usual.limit).toBeGreaterThan(100);
  });

  it('learns nothing from requests that ended for reasons of their own', () => {
    const limit = new GradientLimit();
    offer(limit, { ...slow, outcome: () => 'ignored' }, 60);
    expect([limit.limit, limit.unloadedMicros]).toEqual([20, null]);
  });

  it('keeps the host busy after its requests have come to take four times as long', () => {
    const limit = new GradientLimit();
    offer(limit, slow, 120);
    const slower = { ...slow, tookMicros: 200_000 };
    offer(limit, slower, 300, 120e6);
    const settled = offer(limit, slower, 60, 420e6).toSorted((a, b) => a - b);
    expect(settled[settled.length >> 1]).toBeGreaterThanOrEqual(10);
    expect(settled.at(-1)).toBeLessThanOrEqual(20);
    expect(limit.unloadedMicros).toBeGreaterThan(150_000);
  });

  it('refuses bounds that are none', () => {
    for (const options of [{ minLimit: 0 }, { minLimit: 5, maxLimit: 4 }, { tolerance: 0.5 }]) {
      expect(() => new GradientLimit(options)).toThrow(RangeError);
    }
  });
});
