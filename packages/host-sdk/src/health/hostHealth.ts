import type { HostHealth } from '@prorata/schemas';
import { DELAY, REFUSE } from '../decision/verdict.ts';
import { bucketOfLatency, LATENCY_BUCKETS } from './latencyBuckets.ts';

/** What an application tells of a request that it has served. */
export interface Observation {
  /** How long it took, microseconds. */
  readonly latencyMicros?: number;
  /** Whether it failed by a fault of the application's side. */
  readonly error?: boolean;
}

/**
 * How the host fares, counted since its start, so that a lost report loses nothing: whoever compares two
 * reports of one start has what lies between them. A fixed 2 KB; an observation makes no object.
 */
export class HealthMeter {
  #requests = 0;
  #errors = 0;
  readonly #latencies = new Float64Array(LATENCY_BUCKETS);

  observe({ latencyMicros, error }: Observation): void {
    this.#requests += 1;
    if (error === true) this.#errors += 1;
    if (latencyMicros === undefined) return;
    const bucket = bucketOfLatency(latencyMicros);
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1;
  }

  /** @param byVerdict decisions by verdict code */
  report(byVerdict: Float64Array): HostHealth {
    const latency = [];
    for (const [bucket, count] of this.#latencies.entries()) {
      if (count > 0) latency.push({ bucket, count: BigInt(count) });
    }
    return {
      decisions: BigInt(byVerdict.reduce((sum, count) => sum + count, 0)),
      refused: BigInt((byVerdict[REFUSE] ?? 0) + (byVerdict[DELAY] ?? 0)),
      requests: BigInt(this.#requests),
      errors: BigInt(this.#errors),
      latency,
    };
  }
}
