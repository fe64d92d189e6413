/**
 * What is decided for one append takes so long at the most, milliseconds, the last command apart. Records and
 * bytes bound a batch of ordinary commands long before; a thousand dry runs over large trees have small
 * outcomes, and whoever came behind them would wait for minutes.
 */
const BATCH_MS_MAX = 100;

/** Whether a batch has had its time, or such a share of it (0 to 1; 1 when absent). */
export type IsTimeUp = (share?: number) => boolean;

/** Begins to measure one batch. */
export function batchTime(nowMs: () => number = () => performance.now()): IsTimeUp {
  const startedMs = nowMs();
  return (share = 1) => nowMs() - startedMs >= BATCH_MS_MAX * share;
}
