import type { Figure } from '../figure.ts';
import { Latencies } from './latencies.ts';
import type { LoadResult } from './loadOrder.ts';

/** The others' p99 stays within so many times what it is without the load beside them. */
const FACTOR_MAX = 2;

/** What the others' p99 beside a load is held against: their own without it, both milliseconds. */
export function besideAim(without: number, beside: number): Pick<Figure, 'aim' | 'held'> {
  return {
    aim: `≤ ${FACTOR_MAX} × without it (${(beside / without).toFixed(2)})`,
    held: beside <= FACTOR_MAX * without,
  };
}

/** Milliseconds. @throws Error when nothing was accepted, so that nothing was measured */
export function p99Of({ latencies, accepted, samples }: LoadResult): number {
  if (accepted === 0) throw new Error(`No override was accepted: ${JSON.stringify(samples)}`);
  const all = new Latencies();
  all.addAll(latencies);
  return all.percentile(0.99);
}
