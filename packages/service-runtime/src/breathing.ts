import { setImmediate as turn } from 'node:timers/promises';

/** Work goes on for so long at the most before heartbeats, health checks and sockets have their turn, milliseconds. */
const WORK_MS_MAX = 20;

/** Called between two pieces of long work; undefined: go on. */
export type Breathe = () => Promise<void> | undefined;

/**
 * Promises that resolve at once let no timer and no socket run: a batch of expensive commands, or a long
 * restore, would keep the group's heartbeats waiting until the partition goes to somebody else.
 */
export function breathing(nowMs: () => number = () => performance.now()): Breathe {
  let startedMs = nowMs();
  return () => {
    if (nowMs() - startedMs < WORK_MS_MAX) return undefined;
    return turn().then(() => {
      startedMs = nowMs();
    });
  };
}
