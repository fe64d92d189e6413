import { overloadGate } from '../src/overload/overloadGate.ts';
import type { OverloadGate, OverloadOptions } from '../src/overload/overloadGate.ts';
import type { HealthReading } from '../src/overload/healthSignals.ts';

/** A host in virtual time: so many workers, one queue, and callers who do not wait for ever. */
export interface SimulatedHost {
  readonly workers: number;
  /** Mean of the time that serving takes, which varies as an exponential does. */
  readonly serviceMs: number;
  /** Shares of the requests by tier. */
  readonly mix: readonly number[];
  readonly seed: number;
  /** null: everything is let in. */
  readonly gate: OverloadOptions | null;
}

export interface Phase {
  readonly seconds: number;
  /** Offered requests over what the workers can serve. */
  readonly load: number;
}

/** One phase without its first quarter, in which the host still finds its way. */
export interface PhaseResult {
  /** Requests a second that were answered before their caller gave up. */
  readonly goodput: number;
  /** 99 of 100 requests of the most protected tier that were served took at most so long. */
  readonly topP99Ms: number;
  /** By tier, the share of requests that were turned away. */
  readonly refused: readonly number[];
  /** The gate's limit, smallest and largest, and the most requests that were under way. */
  readonly limits: readonly [number, number];
  readonly inFlightMax: number;
}

/** As often as a host looks at its health. */
const SAMPLE_MS = 100;
/** A caller gives up after so many mean service times. */
const PATIENCE = 20;

interface Job {
  readonly at: number;
  readonly tier: number;
  readonly release: () => void;
}

interface Running {
  readonly job: Job;
  readonly endsAt: number;
}

export class OverloadSimulation {
  readonly #host: SimulatedHost;
  readonly #random: () => number;
  readonly #gate: OverloadGate | null;
  /** The jobs before `#head` were begun. */
  #queue: Job[] = [];
  #head = 0;
  readonly #running: Running[] = [];
  #now = 0;
  #busy = 0;
  #nextSample = SAMPLE_MS * 1000;
  #results: { tier: number; tookMs: number | null }[] = [];
  #limits: number[] = [];
  #inFlightMax = 0;

  constructor(host: SimulatedHost) {
    this.#host = host;
    this.#random = mulberry32(host.seed);
    this.#gate =
      host.gate === null
        ? null
        : overloadGate({
            now: () => this.#now,
            signals: { read: () => this.#health(), stop: () => undefined },
            ...host.gate,
          });
  }

  run({ seconds, load }: Phase): PhaseResult {
    const { workers, serviceMs } = this.#host;
    const meanGap = (serviceMs * 1000) / workers / load;
    const end = this.#now + seconds * 1e6;
    const from = this.#now + seconds * 0.25e6;
    let isWarm = false;
    for (;;) {
      const arrival = this.#now - meanGap * Math.log(1 - this.#random());
      this.#advance(Math.min(arrival, end));
      if (!isWarm && this.#now >= from) {
        isWarm = true;
        this.#results = [];
        this.#limits = [];
        this.#inFlightMax = 0;
      }
      if (arrival >= end) return this.#result(seconds * 0.75);
      this.#arrive();
    }
  }

  #arrive(): void {
    const tier = this.#tierOf(this.#random());
    const admission = this.#gate?.admit(tier);
    if (admission === null) {
      this.#results.push({ tier, tookMs: null });
      return;
    }
    const job = { at: this.#now, tier, release: () => admission?.release() };
    if (this.#running.length < this.#host.workers) this.#begin(job);
    else this.#queue.push(job);
    this.#inFlightMax = Math.max(this.#inFlightMax, this.#gate?.status().inFlight ?? 0);
  }

  #begin(job: Job): void {
    const took = -this.#host.serviceMs * 1000 * Math.log(1 - this.#random());
    this.#running.push({ job, endsAt: this.#now + took });
  }

  #advance(to: number): void {
    for (;;) {
      const next = this.#running.reduce<Running | null>(
        (first, each) => (first === null || each.endsAt < first.endsAt ? each : first),
        null,
      );
      const until = Math.min(to, next?.endsAt ?? Infinity, this.#nextSample);
      this.#busy += (until - this.#now) * this.#running.length;
      this.#now = until;
      if (next !== null && until === next.endsAt) this.#complete(next);
      else if (until === this.#nextSample) this.#sample();
      else return;
    }
  }

  #complete(done: Running): void {
    this.#running.splice(this.#running.indexOf(done), 1);
    const { job } = done;
    job.release();
    this.#results.push({ tier: job.tier, tookMs: (this.#now - job.at) / 1000 });
    const next = this.#queue[this.#head];
    if (next === undefined) return;
    this.#begin(next);
    this.#head += 1;
    if (this.#head < this.#queue.length) return;
    this.#queue = [];
    this.#head = 0;
  }

  #sample(): void {
    this.#nextSample += SAMPLE_MS * 1000;
    this.#gate?.sample();
    const limit = this.#gate?.status().limit;
    if (limit !== undefined && limit !== null) this.#limits.push(limit);
  }

  /** What a process of one thread would see: its loop is late by what waits in the queue. */
  #health(): HealthReading {
    const busy = this.#busy / (SAMPLE_MS * 1000 * this.#host.workers);
    this.#busy = 0;
    const oldest = this.#queue[this.#head];
    const eventLoopDelayMs = oldest === undefined ? 0 : (this.#now - oldest.at) / 1000;
    return { eventLoopDelayMs, eventLoopUtilization: Math.min(1, busy), heap: 0.3, cpu: 0.3 };
  }

  #tierOf(place: number): number {
    let below = 0;
    for (const [tier, share] of this.#host.mix.entries()) {
      below += share;
      if (place < below) return tier;
    }
    return this.#host.mix.length - 1;
  }

  #result(seconds: number): PhaseResult {
    const patienceMs = PATIENCE * this.#host.serviceMs;
    const good = this.#results.filter(({ tookMs }) => tookMs !== null && tookMs <= patienceMs);
    const top = this.#results.flatMap(({ tier, tookMs }) =>
      tier === 0 && tookMs !== null ? [tookMs] : [],
    );
    top.sort((a, b) => a - b);
    const refused = this.#host.mix.map((_, tier) => {
      const all = this.#results.filter((each) => each.tier === tier);
      return all.filter(({ tookMs }) => tookMs === null).length / Math.max(1, all.length);
    });
    return {
      goodput: good.length / seconds,
      topP99Ms: top[Math.floor(top.length * 0.99)] ?? NaN,
      refused,
      limits: [Math.min(...this.#limits), Math.max(...this.#limits)],
      inFlightMax: this.#inFlightMax,
    };
  }
}

/** Seeded numbers from 0 to 1; Mulberry32 by Tommy Ettinger, public domain. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
