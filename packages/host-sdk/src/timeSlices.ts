import { setImmediate } from 'node:timers/promises';

/** What a request waits at most for one slice, milliseconds: it is seen in no latency that people measure. */
const SLICE_MS = 2;

/**
 * Long work in the process of a service, in slices: between two of them the event loop turns, so that requests are
 * served and decisions made meanwhile.
 */
export class TimeSlices {
  #until = performance.now() + SLICE_MS;

  /** Whether to rest before going on. */
  get isOver(): boolean {
    return performance.now() >= this.#until;
  }

  /** Resolves when the event loop has turned. */
  async rest(): Promise<void> {
    await setImmediate();
    this.#until = performance.now() + SLICE_MS;
  }
}
