import { setTimeout as sleep } from 'node:timers/promises';

/** A short outage costs little more than its length; a long one is not hammered, milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** The pause before attempt `attempt` + 1, counted from 0, ended early by the signal. */
export async function pauseAfter(attempt: number, signal: AbortSignal): Promise<void> {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 16), LONGEST_PAUSE_MS);
  await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
}
