import type { CausalProvider, LimitRule, Past, SeriesFacts } from '../backtest/limitProvider.ts';
import { classPolicies, lookbackSlots } from './classes.ts';
import type { SizingPolicy } from './classes.ts';
import { moveOf } from './gates.ts';
import { profileOf } from './profile.ts';
import type { Profile } from './profile.ts';
import { highestWithin } from './quantiles.ts';
import { recommendFrom } from './recommend.ts';
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
  private readonly slotMicros: bigint;
  private scale = 1;
  /** In whole units, as far as is known. */
  private steps = new Float64Array(0);
  private pressed = new Float64Array(0);
  private known = 0;
  private readonly slots: number[] = [];
  private looked: DemandHistory['slots'];
  private profile: Profile | null = null;
  private limit: bigint | null = null;
  private changedAt = 0n;
  private loweredAt: bigint | null = null;

  constructor(facts: SeriesFacts, policy: SizingPolicy) {
    this.facts = facts;
    this.policy = policy;
    this.stepsInSlot = Math.max(1, Number(HOUR_MICROS / facts.stepMicros));
    this.slotMicros = facts.stepMicros * BigInt(this.stepsInSlot);
    this.looked = { from: facts.from, stepMicros: this.slotMicros, values: new Float64Array(0) };
  }

  limitAt(past: Past, at: number): number {
    this.take(past);
    const history = this.history();
    const now = this.timeOf(at);
    this.profile ??= profileOf(this.looked.values, this.policy);
    const found = recommendFrom(this.profile, history, this.policy, now);
    if (this.limit === null) {
      this.set(found.skip === null ? found.value : this.highestSeen(), now);
    } else {
      const move = moveOf(history, found, this.policy, now);
      if (move.kind === 'lower') this.loweredAt = now;
      if (move.kind !== 'hold') this.set(move.value, now);
    }
    return Number(this.limit) / this.scale;
  }

  /** Where nothing is recommended yet there is no limit to leave alone: what was wanted at most holds first. */
  private highestSeen(): bigint {
    return BigInt(Math.ceil(highestWithin(this.steps, 0, this.known)));
  }

  private set(limit: bigint, now: bigint): void {
    if (limit !== this.limit) this.changedAt = now;
    this.limit = limit;
  }

  private history(): DemandHistory {
    const first = Math.max(0, this.known - this.policy.newestSlots * this.stepsInSlot);
    return {
      slots: this.looked,
      steps: {
        from: this.timeOf(first),
        stepMicros: this.facts.stepMicros,
        values: this.steps.subarray(first, this.known),
      },
      pressed: this.pressed.subarray(first, this.known),
      highest: BigInt(Math.ceil(this.profile?.highest ?? 0)),
      limit: this.limit ?? 0n,
      changedAt: this.changedAt,
      loweredAt: this.loweredAt,
    };
  }

  /** What became known since it was last asked. */
  private take({ values, known, limits }: Past): void {
    if (this.limit === null) {
      this.scale = scaleOf(highestWithin(values, 0, known));
      this.steps = new Float64Array(values.length).fill(NaN);
      this.pressed = new Float64Array(values.length);
    }
    for (; this.known < known; this.known++) {
      const wanted = values[this.known] ?? NaN;
      const over = wanted - (limits[this.known] ?? NaN);
      this.steps[this.known] = wanted * this.scale;
      if (over > 0) this.pressed[this.known] = over * this.scale;
    }
    const whole = Math.floor(known / this.stepsInSlot);
    if (whole === this.slots.length && this.profile !== null) return;
    while (this.slots.length < whole) {
      const from = this.slots.length * this.stepsInSlot;
      this.slots.push(highestKnown(this.steps.subarray(from, from + this.stepsInSlot)));
    }
    const first = Math.max(0, whole - lookbackSlots(this.policy));
    this.looked = {
      from: this.timeOf(first * this.stepsInSlot),
      stepMicros: this.slotMicros,
      values: Float64Array.from(this.slots.slice(first)),
    };
    this.profile = null;
  }

  private timeOf(window: number): bigint {
    return this.facts.from + BigInt(window) * this.facts.stepMicros;
  }
}

/** A power of two, which alters no digit. */
function scaleOf(highest: number): number {
  let scale = 1;
  if (!(highest > 0)) return UNITS_MIN;
  while (highest * scale < UNITS_MIN) scale *= 2;
  return scale;
}

/** NaN where nothing was reported. */
function highestKnown(values: Float64Array): number {
  return values.some((value) => !Number.isNaN(value))
    ? highestWithin(values, 0, values.length)
    : NaN;
}
