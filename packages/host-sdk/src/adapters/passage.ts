import type { Handle } from '../decision/handle.ts';
import { ALLOW, DELAY, isAdmitted, NEVER } from '../decision/verdict.ts';
import type { LastDecision, Verdict } from '../decision/verdict.ts';
import type { Host } from '../host.ts';
import type { Outcome } from '../overload/gradientLimit.ts';

/** What a request asks of its quota. */
export interface QuotaUse {
  readonly quota: Handle;
  /** A rate or a consumable; undefined: none. */
  readonly resource?: string | undefined;
  /** Whole base units of the resource. Default 1. */
  readonly cost?: number | undefined;
  /** A concurrency limit of which the request holds one while it lasts; undefined: none. */
  readonly permits?: string | undefined;
  /** Where limits are each key's own. */
  readonly key?: string | undefined;
  /** Ends the waiting of a request that is delayed. */
  readonly signal?: AbortSignal | undefined;
}

/** A request that goes on. */
export interface Passage {
  readonly verdict: Verdict;
  /** DEGRADE: how, as the quota says. */
  readonly tag: string | null;
  /** Gives back what it holds; once. */
  release(outcome?: Outcome): void;
}

/** A request that does not: what `host.last` said, to keep. */
export interface Refusal {
  readonly verdict: Verdict;
  readonly reason: LastDecision['reason'];
  readonly quotaId: string | null;
  readonly resource: string;
  readonly retryAfterMicros: number;
  readonly stale: boolean;
}

export type Entry = Passage | Refusal;

export const isRefusal = (entry: Entry): entry is Refusal => 'reason' in entry;

/** A delayed request waits so long and no longer, milliseconds. */
export const DELAY_MS_MAX = 1_000;
/** Requests that wait at once, over all adapters of a process; further ones are refused. */
const WAITING_MAX = 1_000;
/** No wait is shorter, milliseconds: what a timer can keep. */
const WAIT_MS_MIN = 1;

let waiting = 0;

/**
 * Asks a request's quota; where the quota says that it is to wait, waits, for `delayMsMax` in all.
 * @returns at once, but for a request that waits
 */
export function enter(host: Host, use: QuotaUse, delayMsMax: number): Entry | Promise<Entry> {
  const entry = attempt(host, use, false);
  if (!isRefusal(entry) || entry.verdict !== DELAY) return entry;
  return waitAndEnter(host, use, entry, delayMsMax);
}

async function waitAndEnter(
  host: Host,
  use: QuotaUse,
  first: Refusal,
  delayMsMax: number,
): Promise<Entry> {
  let entry: Entry = first;
  let leftMs = delayMsMax;
  if (waiting >= WAITING_MAX) return gaveUp(use, first);
  waiting += 1;
  try {
    while (isRefusal(entry) && entry.verdict === DELAY) {
      const ms = Math.max(WAIT_MS_MIN, Math.ceil(entry.retryAfterMicros / 1000));
      if (entry.retryAfterMicros === NEVER || ms > leftMs) return gaveUp(use, entry);
      leftMs -= ms;
      await pause(ms, use.signal);
      entry = attempt(host, use, true);
    }
    return entry;
  } finally {
    waiting -= 1;
  }
}

/** It waits no longer: what it wanted was refused, and usage is to say so. */
function gaveUp({ quota, resource, cost = 1 }: QuotaUse, refusal: Refusal): Refusal {
  quota.giveUp(refusal.resource, refusal.resource === resource ? cost : 1);
  return refusal;
}

/** The permit first, for it can be given back. */
function attempt(host: Host, use: QuotaUse, delayed: boolean): Entry {
  const { quota, resource, cost = 1, permits, key } = use;
  const permit = permits === undefined ? undefined : quota.permit(permits, 1, key);
  if (permit === null) return refusalOf(host.last);
  let verdict: Verdict = permits === undefined ? ALLOW : host.last.verdict;
  let { tag } = host.last;
  if (resource !== undefined) {
    let taken: Verdict;
    try {
      taken =
        key === undefined
          ? quota.take(resource, cost, delayed)
          : quota.takeFor(key, resource, cost, delayed);
    } catch (error) {
      // A cost that is none, of what a caller sent perhaps, must not keep a permit.
      permit?.release();
      throw error;
    }
    if (!isAdmitted(taken)) {
      const refusal = refusalOf(host.last);
      permit?.release();
      return refusal;
    }
    if (taken !== ALLOW) [verdict, tag] = [taken, host.last.tag];
  }
  return { verdict, tag: verdict === ALLOW ? null : tag, release: () => permit?.release() };
}

/** `host.last` is overwritten by the next decision. */
export function refusalOf(last: Readonly<LastDecision>): Refusal {
  const { verdict, reason, quotaId, resource, retryAfterMicros, stale } = last;
  return { verdict, reason, quotaId, resource, retryAfterMicros, stale };
}

/** @throws what the signal was aborted with */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
