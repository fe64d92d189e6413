import type { CausalProvider, LimitRule, Past, SeriesFacts } from '../backtest/limitProvider.ts';
import { classPolicies, lookbackSlots } from './classes.ts';
import type { SizingPolicy } from './classes.ts';
import { moveOf } from './gates.ts';
import { profileOf } from './growth.ts';
import { highestWithin } from './profile.ts';
import type { Profile } from './profile.ts';
import { recommendFrom, wholeSlots } from './recommend.ts';
import type { DemandHistory, WorkloadClass } from './recommendation.ts';

const HOUR_MICROS = 3_600_000_000n;
/** The highest of the warm-up becomes at least this many whole units, so that no rounding shows. */
const UNITS_MIN = 1_000_000;

/** What a class decides, window after window: `prorata-serving` and its like. */
export function limitProvider(workload: WorkloadClass): CausalProvider {
  return providerOf(`prorata-${workload}`, classPolicies[workload]);
}

/** The same by parameters of one's own. */
export function providerOf(name: string, policy: SizingPolicy): CausalProvider {
  return { kind: 'ours', name, begin: (facts) => new Sized(facts, policy) };
}

/** Tells `recommend` and the gates of a series, in whole units, by the slots that are over. */
class Sized implements LimitRule {
  private readonly facts: SeriesFacts;
  private readonly policy: SizingPolicy;
  private readonly stepsInSlot: number;
  private slots: number[] = [];
  private profile: Profile | null = null;
  private scale = 1;
  private limit: bigint | null = null;
  private changedAt = 0n;
  private loweredAt: bigint | null = null;

  constructor(facts: SeriesFacts, policy: SizingPolicy) {
    this.facts = facts;
    this.policy = policy;
    this.stepsInSlot = Math.max(1, Number(HOUR_MICROS / facts.stepMicros));
  }

  limitAt(past: Past, at: number): number {
    if (this.limit === null) this.scale = scaleOf(past);
    const history = this.historyOf(past);
    const now = this.timeOf(at);
    this.profile ??= profileOf(wholeSlots(history), this.policy);
    const found = recommendFrom(this.profile, history, this.policy, now);
    if (this.limit === null) {
      this.set(found.value, now);
    } else {
      const move = moveOf(history, found, this.policy, now);
      if (move.kind === 'lower') this.loweredAt = now;
      if (move.kind !== 'hold') this.set(move.value, now);
    }
    return Number(this.limit) / this.scale;
  }

  private set(limit: bigint, now: bigint): void {
    if (limit !== this.limit) this.changedAt = now;
    this.limit = limit;
  }

  private historyOf({ values, known, limits }: Past): DemandHistory {
    const { stepMicros } = this.facts;
    this.takeSlots(values, known);
    const firstSlot = Math.max(0, this.slots.length - lookbackSlots(this.policy));
    const whole = this.slots.slice(firstSlot);
    const firstStep = Math.max(0, known - this.policy.newestSlots * this.stepsInSlot);
    const steps = new Float64Array(known - firstStep);
    const pressed = new Float64Array(known - firstStep);
    for (let index = firstStep; index < known; index++) {
      const wanted = values[index] ?? NaN;
      steps[index - firstStep] = wanted * this.scale;
      const over = wanted - (limits[index] ?? NaN);
      if (over > 0) pressed[index - firstStep] = over * this.scale;
    }
    return {
      slots: {
        from: this.timeOf(firstSlot * this.stepsInSlot),
        stepMicros: stepMicros * BigInt(this.stepsInSlot),
        values: Float64Array.from(whole),
      },
      steps: { from: this.timeOf(firstStep), stepMicros, values: steps },
      pressed,
      highest: BigInt(Math.ceil(this.profile?.highest ?? 0)),
      limit: this.limit ?? 0n,
      changedAt: this.changedAt,
      loweredAt: this.loweredAt,
    };
  }

  /** Those that are over since it was last asked. */
  private takeSlots(values: Float64Array, known: number): void {
    for (;;) {
      const from = this.slots.length * this.stepsInSlot;
      if (from + this.stepsInSlot > known) return;
      this.slots.push(highestWithin(values, from, from + this.stepsInSlot) * this.scale);
      this.profile = null;
    }
  }

  private timeOf(window: number): bigint {
    return this.facts.from + BigInt(window) * this.facts.stepMicros;
  }
}

/** A power of two, which alters no digit. */
function scaleOf({ values, known }: Past): number {
  const highest = highestWithin(values, 0, known);
  let scale = 1;
  if (!(highest > 0)) return UNITS_MIN;
  while (highest * scale < UNITS_MIN) scale *= 2;
  return scale;
}
