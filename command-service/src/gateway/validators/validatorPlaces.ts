/** Whose question to one validator is next: shares and turns, so that one asker's many are nobody else's wait. */
import type { Actor } from '@prorata/schemas';
import { PRINCIPAL_ASKED_AT_ONCE_MAX } from '../submit/commandDesk.ts';
import { principalKey } from '../submit/lanes.ts';
import { SubmissionRefused } from '../submit/submissionRefused.ts';

/** Questions to one validator at once: what a small service bears. */
const ASKED_AT_ONCE_MAX = 16;
/** And of all robots together: they have time, and must not make the validator slow for people. */
const ROBOTS_ASKED_AT_ONCE_MAX = 4;
/** Questions that wait for their turn. */
const WAITING_MAX = 128;
/** Of these one principal's: a quarter. */
const PRINCIPAL_WAITING_MAX = 32;
/** Longest wait for a turn, milliseconds: with the longest deadline far below the cut of idle connections. */
const TURN_MS_MAX = 5_000;
const RETRY_AFTER_S = 1;

export interface PlaceLimits {
  readonly atOnceMax: number;
  readonly principalAtOnceMax: number;
  readonly robotsAtOnceMax: number;
  readonly waitingMax: number;
  readonly principalWaitingMax: number;
  readonly turnMsMax: number;
}

const presets: PlaceLimits = {
  atOnceMax: ASKED_AT_ONCE_MAX,
  principalAtOnceMax: PRINCIPAL_ASKED_AT_ONCE_MAX,
  robotsAtOnceMax: ROBOTS_ASKED_AT_ONCE_MAX,
  waitingMax: WAITING_MAX,
  principalWaitingMax: PRINCIPAL_WAITING_MAX,
  turnMsMax: TURN_MS_MAX,
};

type Leave = () => void;

/** What one principal has at this validator; forgotten when it has nothing. */
interface Asker {
  readonly isRobot: boolean;
  asking: number;
  /** Number of its last turn; 0: it has had none. */
  lastTurn: number;
  readonly waiting: Set<() => void>;
}

/**
 * Places at one validator. A free one goes to the principal whose last turn is longest ago. Whoever gets
 * none is told to come again: a command that nobody was asked about is never taken as one to which the
 * validator did not answer, or a flood would be the way around a validator that only flags.
 */
export class ValidatorPlaces {
  readonly #limits: PlaceLimits;
  readonly #askers = new Map<string, Asker>();
  #asking = 0;
  #robots = 0;
  #waiting = 0;
  #turns = 0;

  constructor(limits: Partial<PlaceLimits> = {}) {
    this.#limits = { ...presets, ...limits };
  }

  /**
   * @returns what gives the place back
   * @throws SubmissionRefused: ROBOT_PACED, TOO_MANY_IN_FLIGHT or BUSY
   */
  enter(actor: Actor): Promise<Leave> {
    const key = principalKey(actor);
    const asker = this.#askerOf(key, actor);
    if (asker.waiting.size === 0 && this.#hasRoom(asker)) {
      return Promise.resolve(this.#take(key, asker));
    }
    const { waitingMax, principalWaitingMax } = this.#limits;
    if (asker.waiting.size >= principalWaitingMax) return Promise.reject(tooMany(asker));
    if (this.#waiting >= waitingMax) {
      this.#forget(key, asker);
      return Promise.reject(refused('BUSY', 'Too many commands wait for a remote validator.'));
    }
    return this.#wait(key, asker);
  }

  #wait(key: string, asker: Asker): Promise<Leave> {
    const { promise, resolve, reject } = Promise.withResolvers<Leave>();
    const go = (): void => {
      this.#stopWaiting(asker, go);
      clearTimeout(timer);
      resolve(this.#take(key, asker));
    };
    const timer = setTimeout(() => {
      this.#stopWaiting(asker, go);
      this.#forget(key, asker);
      reject(tooMany(asker));
    }, this.#limits.turnMsMax);
    asker.waiting.add(go);
    this.#waiting++;
    return promise;
  }

  #stopWaiting(asker: Asker, go: () => void): void {
    if (asker.waiting.delete(go)) this.#waiting--;
  }

  #take(key: string, asker: Asker): Leave {
    asker.lastTurn = ++this.#turns;
    asker.asking++;
    this.#asking++;
    if (asker.isRobot) this.#robots++;
    return () => {
      asker.asking--;
      this.#asking--;
      if (asker.isRobot) this.#robots--;
      this.#forget(key, asker);
      this.#callNext();
    };
  }

  #callNext(): void {
    let next: Asker | null = null;
    for (const asker of this.#askers.values()) {
      if (asker.waiting.size === 0 || !this.#hasRoom(asker)) continue;
      if (next === null || asker.lastTurn < next.lastTurn) next = asker;
    }
    const [go] = next?.waiting ?? [];
    go?.();
  }

  #hasRoom({ isRobot, asking }: Asker): boolean {
    const { atOnceMax, principalAtOnceMax, robotsAtOnceMax } = this.#limits;
    if (this.#asking >= atOnceMax || asking >= principalAtOnceMax) return false;
    return !isRobot || this.#robots < robotsAtOnceMax;
  }

  #askerOf(key: string, { kind }: Actor): Asker {
    const asker = this.#askers.get(key) ?? {
      isRobot: kind === 'robot',
      asking: 0,
      lastTurn: 0,
      waiting: new Set<() => void>(),
    };
    this.#askers.set(key, asker);
    return asker;
  }

  #forget(key: string, { asking, waiting }: Asker): void {
    if (asking === 0 && waiting.size === 0) this.#askers.delete(key);
  }
}

function tooMany({ isRobot }: Asker): SubmissionRefused {
  if (isRobot) return refused('ROBOT_PACED', 'Robots ask this remote validator a few at a time.');
  const detail = 'Your commands that wait for a remote validator are as many as may.';
  return refused('TOO_MANY_IN_FLIGHT', detail);
}

function refused(
  code: 'BUSY' | 'ROBOT_PACED' | 'TOO_MANY_IN_FLIGHT',
  detail: string,
): SubmissionRefused {
  return new SubmissionRefused(code, detail, { retryAfterS: RETRY_AFTER_S });
}
