/** How a process does, over the time since it was last asked. */
export interface HealthReading {
  /** By how much timers were late, milliseconds, on average. */
  readonly eventLoopDelayMs: number;
  /** Share of the time in which the event loop was busy, 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Share of the heap's limit that is in use, 0 to 1. */
  readonly heap: number;
  /** Share of the processors' time that the process took, 0 to 1. */
  readonly cpu: number;
}

export interface HealthSignals {
  read(): HealthReading;
  stop(): void;
}

/** From where on a signal is a reason to serve less, and up to where a reason to serve more again. */
export interface HealthMark {
  /** Below it, more is served again. Between the two nothing changes. */
  readonly resume: number;
  /** Above it, less is served. */
  readonly shed: number;
  /** Here it is reduced as fast as it ever is. */
  readonly severe: number;
}

export type HealthMarks = Readonly<Record<keyof HealthReading, HealthMark | null>>;

/**
 * Late timers are what callers feel. A busy loop is no fault, but one that never rests has a queue
 * before it; the heap's marks leave room for what a collection of garbage frees.
 */
export const HEALTH_MARKS: HealthMarks = {
  eventLoopDelayMs: { resume: 15, shed: 30, severe: 130 },
  eventLoopUtilization: { resume: 0.95, shed: 0.98, severe: 1.08 },
  heap: { resume: 0.8, shed: 0.88, severe: 0.96 },
  cpu: { resume: 0.85, shed: 0.93, severe: 1.03 },
};

/** How much of the newest reading counts. */
const SMOOTHING = 0.5;

/**
 * A loop that is late although it rests half of the time waits for processors that others have: to
 * serve less would not make it less late, only serve nobody.
 */
const RESTING_BELOW = 0.5;
/** A quarter below its mark, a signal gives full relief; nearer to it less, so that nothing overshoots. */
const RELIEF_SLOPE = 4;

const NAMES = Object.keys(HEALTH_MARKS) as readonly (keyof HealthReading)[];

/**
 * What the signals say together, smoothed: from 0 to 1 how fast to serve less, below 0 (to -1) how
 * fast to serve more, 0 to leave it. The worst of them speaks for all.
 */
export class HealthPressure {
  readonly #marks: HealthMarks;
  #smooth: HealthReading | null = null;

  constructor(marks: Partial<HealthMarks> = {}) {
    this.#marks = { ...HEALTH_MARKS, ...marks };
    for (const name of NAMES) {
      const mark = this.#marks[name];
      if (
        mark !== null &&
        !(0 < mark.resume && mark.resume <= mark.shed && mark.shed < mark.severe)
      ) {
        throw new RangeError(`The marks of ${name} do not rise from above 0.`);
      }
    }
  }

  /** The last reading, smoothed; null: there was none. */
  get reading(): HealthReading | null {
    return this.#smooth;
  }

  sample(reading: HealthReading): number {
    const before = this.#smooth ?? reading;
    const blend = (name: keyof HealthReading): number =>
      before[name] * (1 - SMOOTHING) + reading[name] * SMOOTHING;
    this.#smooth = {
      eventLoopDelayMs: blend('eventLoopDelayMs'),
      eventLoopUtilization: blend('eventLoopUtilization'),
      heap: blend('heap'),
      cpu: blend('cpu'),
    };
    let worst = -1;
    const isResting = this.#smooth.eventLoopUtilization < RESTING_BELOW;
    for (const name of NAMES) {
      const mark = this.#marks[name];
      if (name === 'eventLoopDelayMs' && isResting) continue;
      if (mark !== null) worst = Math.max(worst, pressureAt(mark, this.#smooth[name]));
    }
    return worst;
  }
}

function pressureAt({ resume, shed, severe }: HealthMark, value: number): number {
  if (value > shed) return Math.min(1, (value - shed) / (severe - shed));
  return value < resume ? Math.max(-1, RELIEF_SLOPE * (value / resume - 1)) : 0;
}
