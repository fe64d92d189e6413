import type { Principal } from '@prorata/service-runtime';
import type { Clock } from '../../clock.ts';
import { SubmissionRefused } from './submissionRefused.ts';

/**
 * Commands of one principal that a gateway has under way, waiting ones included: two whole batches, or a
 * thousand callers that share their credentials. More of one would be everybody's wait.
 */
export const PRINCIPAL_IN_FLIGHT_MAX = 1_000;
/** The same for a robot: one whole batch. It has time. */
export const ROBOT_IN_FLIGHT_MAX = 500;
/** Of all robots together, so that what waits for its turn stays some megabytes. */
export const ROBOTS_IN_FLIGHT_MAX = 2_000;
/**
 * Robots' commands on their way through one partition, by one gateway. A person's command waits behind
 * no more of them than this for each gateway, however many robots there are and whatever they have to
 * send: at 2,000 decisions a second some 30 ms. Fewer would leave appends half empty, since a partition
 * is through with this many about every 15 ms.
 */
export const ROBOT_LANE_MAX = 64;
/** A robot's command that has not had its turn by then comes again later, milliseconds. */
const TURN_MS_MAX = 5_000;
const RETRY_AFTER_S = 1;

export interface LaneLimits {
  readonly principalMax: number;
  readonly robotMax: number;
  readonly robotsMax: number;
  readonly laneMax: number;
}

const presets: LaneLimits = {
  principalMax: PRINCIPAL_IN_FLIGHT_MAX,
  robotMax: ROBOT_IN_FLIGHT_MAX,
  robotsMax: ROBOTS_IN_FLIGHT_MAX,
  laneMax: ROBOT_LANE_MAX,
};

export type Leave = () => void;

interface Waiting {
  readonly go: () => void;
}

/**
 * Who may send how much at once, and when. Every principal has a bound of commands under way. Robots go
 * through a lane of their own in each partition, first come, first served, so that what they have to
 * send waits here, where people pass it by, and not in the log, where nobody can.
 */
export class Lanes {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #limits: LaneLimits;
  readonly #inFlight = new Map<string, number>();
  readonly #lanes = new Map<number, { used: number; readonly waiting: Set<Waiting> }>();
  #robots = 0;

  constructor(clock: Pick<Clock, 'after'>, limits: Partial<LaneLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...presets, ...limits };
  }

  /** Robots' commands that have not ended, waiting ones included. */
  get robots(): number {
    return this.#robots;
  }

  /**
   * Makes room for so many commands, all or none.
   * @returns what gives the room of one back; called once for each
   * @throws SubmissionRefused: ROBOT_PACED or TOO_MANY_IN_FLIGHT
   */
  enter(principal: Principal, commands: number): Leave {
    const isRobot = principal.actor.kind === 'robot';
    const key = keyOf(principal);
    const held = this.#inFlight.get(key) ?? 0;
    const { principalMax, robotMax, robotsMax } = this.#limits;
    if (isRobot && (held + commands > robotMax || this.#robots + commands > robotsMax)) {
      throw paced(`A robot has at most ${robotMax} commands under way, and all have ${robotsMax}.`);
    }
    if (held + commands > principalMax) {
      const detail = `${held} of your commands are under way, and ${principalMax} may be.`;
      throw new SubmissionRefused('TOO_MANY_IN_FLIGHT', detail, { retryAfterS: RETRY_AFTER_S });
    }
    this.#inFlight.set(key, held + commands);
    if (isRobot) this.#robots += commands;
    return () => {
      const left = (this.#inFlight.get(key) ?? 0) - 1;
      if (left > 0) this.#inFlight.set(key, left);
      else this.#inFlight.delete(key);
      if (isRobot) this.#robots--;
    };
  }

  /**
   * A robot's turn in a partition; null: the caller is no robot, and need not wait for one.
   * @param whenGone is given what ends the wait of a caller that has gone
   * @throws SubmissionRefused ROBOT_PACED when the turn does not come, or the caller goes
   */
  turn(
    { actor }: Principal,
    partition: number,
    whenGone: (listener: () => void) => void,
  ): Promise<Leave> | null {
    if (actor.kind !== 'robot') return null;
    const lane = this.#laneOf(partition);
    if (lane.used < this.#limits.laneMax && lane.waiting.size === 0) {
      lane.used++;
      return Promise.resolve(this.#leaveOf(partition));
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        go: () => {
          stop();
          resolve(this.#leaveOf(partition));
        },
      };
      const giveUp = (): void => {
        if (!lane.waiting.delete(waiting)) return;
        stop();
        reject(paced('The lane of robots is full: others wait for their turn.'));
      };
      const stop = this.#clock.after(TURN_MS_MAX, giveUp);
      lane.waiting.add(waiting);
      whenGone(giveUp);
    });
  }

  #laneOf(partition: number): { used: number; readonly waiting: Set<Waiting> } {
    const lane = this.#lanes.get(partition) ?? { used: 0, waiting: new Set<Waiting>() };
    this.#lanes.set(partition, lane);
    return lane;
  }

  /** The place goes to whoever waits longest. */
  #leaveOf(partition: number): Leave {
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      const lane = this.#laneOf(partition);
      const [next] = lane.waiting;
      if (next === undefined) lane.used--;
      else {
        lane.waiting.delete(next);
        next.go();
      }
    };
  }
}

function keyOf({ actor }: Principal): string {
  return JSON.stringify([actor.kind, actor.issuer, actor.subject]);
}

function paced(detail: string): SubmissionRefused {
  return new SubmissionRefused('ROBOT_PACED', detail, { retryAfterS: RETRY_AFTER_S });
}
