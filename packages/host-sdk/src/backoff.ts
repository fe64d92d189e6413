/** Pauses between attempts: doubling, with jitter so that a fleet does not come back as one. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#nextMs = minMs;
  }

  reset(): void {
    this.#nextMs = this.#minMs;
  }

  /** Resolves after the pause, or at once when aborted; it keeps no process alive. */
  async pause(abort: AbortSignal): Promise<void> {
    const ms = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#maxMs, this.#nextMs * 2);
    await pause(ms, abort);
  }
}

/** Never rejects. */
export function pause(ms: number, abort: AbortSignal): Promise<void> {
  if (abort.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      abort.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    abort.addEventListener('abort', done);
  });
}

/** A function, since the compiler takes a signal's state for fixed between two looks. */
export const isRunning = (abort: AbortSignal): boolean => !abort.aborted;
