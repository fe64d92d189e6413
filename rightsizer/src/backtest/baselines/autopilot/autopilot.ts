import { windowsIn } from '../../limitProvider.ts';
import type { CausalProvider, LimitRule, Past, SeriesFacts } from '../../limitProvider.ts';
import { highestOf } from '../highestOf.ts';
import { seriesBuckets } from '../seriesBuckets.ts';
import { MovingWindow } from './movingWindow.ts';

const CPU_HALF_LIFE_HOURS = 12;
const MEMORY_HALF_LIFE_HOURS = 48;
/** 10 to 15 %, less for large limits; one value for all here. */
const MARGIN = 1.125;
/** Of the recommendations of so long the highest holds. */
const HIGHEST_OF_HOURS = 1;
const DECIDE_HOURS = 1;

interface Seen {
  readonly window: MovingWindow;
  /** The highest of the last half-life. */
  highest(): number;
}

type Statistic = (seen: Seen) => number;

const loadPercentile =
  (q: number): Statistic =>
  ({ window }) =>
    window.loadPercentile(q);

/** CPU of a batch job: the average. */
export const autopilotAverage = movingWindow('autopilot-avg', CPU_HALF_LIFE_HOURS, ({ window }) =>
  window.average(),
);
/** CPU of a serving job. */
export const autopilotServing = movingWindow(
  'autopilot-p95',
  CPU_HALF_LIFE_HOURS,
  loadPercentile(0.95),
);
/** Memory where a kill is tolerated seldom. */
export const autopilotMemory = movingWindow(
  'autopilot-p98',
  MEMORY_HALF_LIFE_HOURS,
  loadPercentile(0.98),
);
/** Memory where a kill is hardly tolerated. */
export const autopilotMaximum = movingWindow('autopilot-max', MEMORY_HALF_LIFE_HOURS, (seen) =>
  seen.highest(),
);

function movingWindow(name: string, halfLifeHours: number, statistic: Statistic): CausalProvider {
  return {
    kind: 'baseline',
    name,
    begin: (facts) => new MovingWindowRule(facts, halfLifeHours, statistic),
  };
}

class MovingWindowRule implements LimitRule {
  readonly #facts: SeriesFacts;
  readonly #halfLife: number;
  readonly #hour: number;
  readonly #statistic: Statistic;
  readonly #recent: number[] = [];
  #window: MovingWindow | null = null;
  #taken = 0;
  #limit = 0;

  constructor(facts: SeriesFacts, halfLifeHours: number, statistic: Statistic) {
    this.#facts = facts;
    this.#halfLife = windowsIn(halfLifeHours, facts.stepMicros);
    this.#hour = windowsIn(DECIDE_HOURS, facts.stepMicros);
    this.#statistic = statistic;
  }

  limitAt(past: Past, at: number): number {
    if ((at - this.#facts.warmUp) % this.#hour === 0) this.#limit = this.#decide(past);
    return this.#limit;
  }

  #decide(past: Past): number {
    this.#window ??= new MovingWindow(seriesBuckets(past), this.#halfLife);
    const window = this.#window;
    for (; this.#taken < past.known; this.#taken += 1) {
      window.add(this.#taken, past.values[this.#taken] ?? NaN);
    }
    const highest = (): number => highestOf(past.values, past.known - this.#halfLife, past.known);
    this.#recent.push(this.#statistic({ window, highest }) * MARGIN);
    // What was recommended an hour ago is of the last hour.
    if (this.#recent.length > HIGHEST_OF_HOURS / DECIDE_HOURS + 1) this.#recent.shift();
    return Math.max(...this.#recent);
  }
}
