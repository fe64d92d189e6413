interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that moves only when told to. Due timers run one by one in order of their time and then of
 * their making, and everything that follows from one (all promise reactions) happens before the
 * next, so that a run is the same every time.
 */
export class VirtualClock {
  #nowMs: number;
  #timers: Timer[] = [];
  #made = 0;

  /** @param startMs milliseconds since the epoch. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** @returns a function that cancels. */
  after(milliseconds: number, run: () => void): () => void {
    const timer: Timer = {
      atMs: this.#nowMs + Math.max(0, milliseconds),
      order: this.#made++,
      run,
    };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle];
      if (other && other.atMs <= timer.atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve));
  }

  async advance(milliseconds: number): Promise<void> {
    const untilMs = this.#nowMs + milliseconds;
    await settled();
    for (let due = this.#timers[0]; due && due.atMs <= untilMs; due = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = due.atMs;
      due.run();
      await settled();
    }
    this.#nowMs = untilMs;
  }
}

/** A turn of the real event loop: every promise reaction that can run has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
