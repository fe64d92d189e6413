/** Time as the roles see it, so that a simulation can bring its own. */
export interface Clock {
  /** Microseconds since the epoch. */
  now(): bigint;
  /** Runs once after so many milliseconds; the result cancels. */
  after(milliseconds: number, run: () => void): () => void;
}

export const wallClock: Clock = {
  now: () => BigInt(Date.now()) * 1000n,
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};

export function sleep(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, () => resolve()));
}
