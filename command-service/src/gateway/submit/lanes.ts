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
 * Robots' commands on their way through one partition, by one gateway, while nobody else is about. A
 * person who comes then waits behind no more of them than this for each gateway, however many robots
 * there are and whatever they have to send: at 2,000 decisions a second some 15 ms a partition. Fewer
 * would leave appends half empty.
 */
export const ROBOT_LANE_MAX = 32;
/**
 * While somebody else is about, robots go through a partition in rounds of so many. A round is one
 * append, which a person's command that meets it waits for.
 */
const ROUND_MAX = 8;
/**
 * From one round of a partition to its next at least, milliseconds. Half a dozen of these is an append, so that most of
 * a person's commands meet none, and robots leave the processors free most of the time: it is these, and
 * not the queue, that a person waits for beside a flood. 200 changes a second and partition go on:
 * 100,000 in two minutes over four, in eight over one.
 */
const ROUND_MS = 40;
const ROUND_MICROS = BigInt(ROUND_MS) * 1_000n;
/**
 * Where all is slow, whatever it is that makes it so, a partition's next round waits for so many times what the
 * robots' last command took, so that three quarters of the time are free there too: rounds would follow
 * each other without a pause otherwise, just where people need one most.
 */
const ROUND_TIMES = 4n;
/** What a command took counts up to this, microseconds: one whose outcome is not known must not stop all robots. */
const TOOK_MICROS_MAX = 250_000n;
/** For so long after somebody's last command robots still make room for the next, microseconds. */
const ABOUT_MICROS = 2_000_000n;
/** A robot's command that has not had its turn by then comes again later, milliseconds. */
const TURN_MS_MAX = 5_000;
const RETRY_AFTER_S = 1;

export interface LaneLimits {
  readonly principalMax: number;
  readonly robotMax: number;
  readonly robotsMax: number;
  readonly laneMax: number;
  readonly roundMax: number;
}

const presets: LaneLimits = {
  principalMax: PRINCIPAL_IN_FLIGHT_MAX,
  robotMax: ROBOT_IN_FLIGHT_MAX,
  robotsMax: ROBOTS_IN_FLIGHT_MAX,
  laneMax: ROBOT_LANE_MAX,
  roundMax: ROUND_MAX,
};

export type Leave = () => void;

interface Waiting {
  readonly go: () => void;
}

interface Lane {
  used: number;
  readonly waiting: Set<Waiting>;
  /** What is left of the round, and when it began, microseconds; of no account while nobody else is about. */
  left: number;
  beganAt: bigint;
  isTimed: boolean;
}

/**
 * Who may send how much at once, and when. Every principal has a bound of commands under way. Robots go
 * through a lane of their own in each partition, first come, first served, so that what they have to
 * send waits here, where people pass it by, and not in the log, where nobody can. The lane is narrower
 * while somebody else is about.
 */
export class Lanes {
  readonly #clock: Clock;
  readonly #limits: LaneLimits;
  readonly #inFlight = new Map<string, number>();
  readonly #lanes = new Map<number, Lane>();
  #robots = 0;
  /** Commands under way that are no robot's. */
  #others = 0;
  #otherAt: bigint | null = null;
  /** When the last round began, in whichever lane, and what the robots' last command took, microseconds. */
  #roundAt = 0n;
  #tookMicros = 0n;

  constructor(clock: Clock, limits: Partial<LaneLimits> = {}) {
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
    const key = principalKey(principal.actor);
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
    this.#count(isRobot, commands);
    return () => {
      const left = (this.#inFlight.get(key) ?? 0) - 1;
      if (left > 0) this.#inFlight.set(key, left);
      else this.#inFlight.delete(key);
      this.#count(isRobot, -1);
    };
  }

  #count(isRobot: boolean, commands: number): void {
    if (isRobot) {
      this.#robots += commands;
      return;
    }
    this.#others += commands;
    this.#otherAt = this.#clock.now();
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
    if (lane.waiting.size === 0 && this.#mayGo(lane)) {
      return Promise.resolve(this.#go(lane));
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        go: () => {
          stop();
          resolve(this.#go(lane));
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
      this.#admit(lane);
    });
  }

  #laneOf(partition: number): Lane {
    const fresh = { used: 0, waiting: new Set<Waiting>(), left: 0, beganAt: 0n, isTimed: false };
    const lane = this.#lanes.get(partition) ?? fresh;
    this.#lanes.set(partition, lane);
    return lane;
  }

  #isSomebodyAbout(): boolean {
    return (
      this.#others > 0 || (this.#otherAt !== null && this.#isWithin(ABOUT_MICROS, this.#otherAt))
    );
  }

  #isWithin(micros: bigint, since: bigint): boolean {
    return this.#restOf(micros, since) > 0n;
  }

  /** What is left of a stretch of time. A clock that was put back ends each, rather than to make it last. */
  #restOf(micros: bigint, since: bigint): bigint {
    const passed = this.#clock.now() - since;
    return passed >= 0n && passed < micros ? micros - passed : 0n;
  }

  #mayGo(lane: Lane): boolean {
    const { laneMax, roundMax } = this.#limits;
    if (!this.#isSomebodyAbout()) return lane.used < laneMax;
    if (lane.used >= roundMax) return false;
    const isUnderWay = lane.left > 0 && this.#isWithin(ROUND_MICROS, lane.beganAt);
    return isUnderWay || this.#restMicros(lane) === 0n;
  }

  /** Until the lane's next round. */
  #restMicros(lane: Lane): bigint {
    const own = this.#restOf(this.#periodMicros(), lane.beganAt);
    const others = this.#restOf(this.#gapMicros(), this.#roundAt);
    return larger(own, others);
  }

  #periodMicros(): bigint {
    return larger(ROUND_MICROS, this.#tookMicros * ROUND_TIMES);
  }

  /**
   * From a round to the next, in another lane: rounds of several partitions at one moment would keep all
   * processors busy for as long as all of them take, and a person who comes then waits for that, wherever his
   * command goes. So none begins before the last is through, and they are spread over the time that each
   * lane waits, with room for one more, so that a late one holds up none.
   */
  #gapMicros(): bigint {
    const crowded = [...this.#lanes.values()].filter(({ waiting }) => waiting.size > 0);
    return larger(this.#tookMicros, this.#periodMicros() / BigInt(crowded.length + 1));
  }

  /** For a lane that may be gone through. */
  #go(lane: Lane): Leave {
    if (lane.left === 0 || !this.#isWithin(ROUND_MICROS, lane.beganAt)) {
      lane.left = this.#limits.roundMax;
      lane.beganAt = this.#clock.now();
      this.#roundAt = lane.beganAt;
    }
    lane.left--;
    lane.used++;
    return this.#leaveOf(lane);
  }

  /** Whoever waits longest goes first; when nothing but the next round is missing, time brings it. */
  #admit(lane: Lane): void {
    for (const next of lane.waiting) {
      if (!this.#mayGo(lane)) break;
      lane.waiting.delete(next);
      next.go();
    }
    const isPaced = this.#isSomebodyAbout() && lane.used < this.#limits.roundMax;
    if (lane.waiting.size === 0 || lane.isTimed || !isPaced) return;
    lane.isTimed = true;
    const restMs = Math.ceil(Number(this.#restMicros(lane)) / 1_000);
    this.#clock.after(Math.max(restMs, 1), () => {
      lane.isTimed = false;
      this.#admit(lane);
    });
  }

  /** @param micros less than 0 when the clock was put back */
  #took(micros: bigint): void {
    this.#tookMicros = micros < TOOK_MICROS_MAX ? larger(micros, 0n) : TOOK_MICROS_MAX;
  }

  #leaveOf(lane: Lane): Leave {
    const wentAt = this.#clock.now();
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      lane.used--;
      this.#took(this.#clock.now() - wentAt);
      this.#admit(lane);
    };
  }
}

/** What tells principals apart, as one text. */
export function principalKey(actor: Principal['actor']): string {
  return JSON.stringify([actor.kind, actor.issuer, actor.subject]);
}

function larger(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

function paced(detail: string): SubmissionRefused {
  return new SubmissionRefused('ROBOT_PACED', detail, { retryAfterS: RETRY_AFTER_S });
}
