import { LogView } from '../view/logView.ts';
import type { FollowedView } from '../view/followView.ts';
import type { SimulatedLog } from './simulatedLog.ts';

/** A process's fold of the simulated log: as far behind as it was last settled. */
export class SimulatedView implements FollowedView {
  readonly view = new LogView();
  readonly finished = new Promise<void>(() => undefined);
  readonly isCaughtUp = true;
  /** The log cannot be read. */
  isAway = false;
  readonly #log: SimulatedLog;
  #next = 0;

  constructor(log: SimulatedLog) {
    this.#log = log;
  }

  settle(): Promise<boolean> {
    if (this.isAway) return Promise.resolve(false);
    for (; this.#next < this.#log.events.length; this.#next += 1) {
      const event = this.#log.events[this.#next];
      if (event !== undefined) this.view.fold(event);
    }
    return Promise.resolve(true);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
