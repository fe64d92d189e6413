import { windowsIn } from '../../limitProvider.ts';
import type { CausalProvider, LimitRule, Past, SeriesFacts } from '../../limitProvider.ts';
import { DecayingHistogram } from '../decayingHistogram.ts';
import { confidenceOf, estimateOf } from './estimate.ts';
import { seriesBuckets } from '../seriesBuckets.ts';
import { isDue } from './updater.ts';

/** The updater looks once a minute; here once an hour, as the others do. */
const DECIDE_HOURS = 1;
const HALF_LIFE_HOURS = 24;
const SAMPLE_WEIGHT = 0.1;
const HOUR_MICROS = 3_600_000_000;
const MINUTES = 60;

/** CPU's recommender with the gates of the updater, as if it could resize in place: constants of 55c37cd. */
export const verticalPodAutoscaler: CausalProvider = {
  kind: 'baseline',
  name: 'vpa',
  begin: (facts) => new VpaRule(facts),
};

class VpaRule implements LimitRule {
  readonly #facts: SeriesFacts;
  readonly #stepHours: number;
  readonly #hour: number;
  #histogram: DecayingHistogram | null = null;
  #taken = 0;
  #samples = 0;
  #limit = NaN;
  #changedAt = 0;

  constructor(facts: SeriesFacts) {
    this.#facts = facts;
    this.#stepHours = Number(facts.stepMicros) / HOUR_MICROS;
    this.#hour = windowsIn(DECIDE_HOURS, facts.stepMicros);
  }

  limitAt(past: Past, at: number): number {
    if ((at - this.#facts.warmUp) % this.#hour === 0) this.#decide(past, at);
    return this.#limit;
  }

  #decide(past: Past, at: number): void {
    this.#histogram ??= new DecayingHistogram(seriesBuckets(past), HALF_LIFE_HOURS);
    for (; this.#taken < past.known; this.#taken += 1) {
      this.#take(this.#histogram, past.values[this.#taken] ?? NaN);
    }
    const confidence = confidenceOf((past.known * this.#stepHours) / 24, this.#samples);
    const estimate = estimateOf(this.#histogram, confidence);
    const age = (at - this.#changedAt) * this.#stepHours;
    if (!Number.isNaN(this.#limit) && !isDue(this.#limit, estimate, age)) return;
    if (this.#limit !== estimate.target) this.#changedAt = at;
    this.#limit = estimate.target;
  }

  #take(histogram: DecayingHistogram, value: number): void {
    if (Number.isNaN(value)) return;
    histogram.add(value, SAMPLE_WEIGHT, this.#taken * this.#stepHours);
    // A window stands for as many samples as it has minutes.
    this.#samples += this.#stepHours * MINUTES;
  }
}
