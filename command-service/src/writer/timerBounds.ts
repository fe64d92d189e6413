/** How far a batch goes with what is due in one stream, and how far its commands wait for the rest. */
export interface TimerBounds {
  /**
   * Timers of one stream that a batch works off: when all overrides of a large tree end at one moment, no
   * batch looks at more than it can take.
   */
  readonly perBatchMax: number;
  /**
   * What may still be due in a stream while its commands wait, and all that are behind them with them, since
   * offsets are taken in order. Where it is more they are refused, to be sent again: nobody else's command
   * waits for the ends of a hundred thousand overrides.
   */
  readonly awaitedMax: number;
}

/** Two more batches at the most are waited for, some tenths of a second. */
export const TIMER_BOUNDS: TimerBounds = { perBatchMax: 500, awaitedMax: 1_000 };

/** Of a batch's time what is due may take so much before commands have their turn. */
export const TIMERS_SHARE = 0.5;
