import type { Handle } from '../decision/handle.ts';
import type { Host } from '../host.ts';
import { DELAY_MS_MAX, enter, isRefusal } from './passage.ts';
import type { Passage } from './passage.ts';
import { QuotaRefused } from './quotaRefused.ts';

/** What calls to others are held to. */
export interface OutgoingOptions<Call> {
  readonly host: Host;
  readonly quota: Handle;
  /** A rate or a consumable that calls are charged to. */
  readonly resource?: string;
  /** Whole base units. Default 1. */
  readonly cost?: (call: Call) => number;
  /** A concurrency limit of which a call holds one until its answer has been read. */
  readonly permits?: string;
  /** Where limits are each key's own: the call's, its host for one. */
  readonly key?: (call: Call) => string;
  /** How long a call may wait where the quota's action is `delay`. Default 1,000. */
  readonly maxDelayMs?: number;
}

/** Lets a call go on, at once or after its wait. @throws QuotaRefused */
export function passCall<Call>(
  options: OutgoingOptions<Call>,
  call: Call,
  signal?: AbortSignal,
): Passage | Promise<Passage> {
  const { host, quota, resource, cost, permits, key, maxDelayMs = DELAY_MS_MAX } = options;
  const use = { quota, resource, permits, cost: cost?.(call), key: key?.(call), signal };
  const entry = enter(host, use, maxDelayMs);
  if (entry instanceof Promise) {
    return entry.then((late) => {
      if (isRefusal(late)) throw new QuotaRefused(late);
      return late;
    });
  }
  if (isRefusal(entry)) throw new QuotaRefused(entry);
  return entry;
}
