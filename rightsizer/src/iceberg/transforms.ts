import { murmur3 } from './murmur3.ts';

const DAY_MICROS = 86_400_000_000n;

/** Days since the epoch of a time in microseconds, also before it. */
export function dayOf(micros: bigint): number {
  const day = micros / DAY_MICROS;
  return Number(micros < 0n && day * DAY_MICROS !== micros ? day - 1n : day);
}

/** `bucket[count]` of a text (the table specification, appendix B). */
export function bucketOf(text: string, count: number): number {
  return bucketOfBytes(Buffer.from(text, 'utf8'), count);
}

export function bucketOfBytes(bytes: Uint8Array, count: number): number {
  return (murmur3(bytes) & 0x7fffffff) % count;
}

/** `2026-11-21` of days since the epoch: for the names of files. */
export function dayText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
