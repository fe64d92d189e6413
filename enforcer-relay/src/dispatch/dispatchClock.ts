import { setTimeout as sleep } from 'node:timers/promises';

export interface DispatchClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Resolves after the time, or when aborted. */
  pause(ms: number, abort: AbortSignal): Promise<void>;
}

export const systemDispatchClock: DispatchClock = {
  nowMs: () => Date.now(),
  pause: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
};
