import { limitToJson, timeToJson } from '@prorata/schemas';
import { krrCpu } from '../backtest/baselines/krr.ts';
import type { LimitRule } from '../backtest/limitProvider.ts';
import { derivedId } from '../derivedId.ts';
import { classPolicies } from '../recommend/classes.ts';
import type { SizingPolicy } from '../recommend/classes.ts';
import { moveOf } from '../recommend/gates.ts';
import { profileOf } from '../recommend/profile.ts';
import type { Profile } from '../recommend/profile.ts';
import { recommendFrom } from '../recommend/recommend.ts';
import { lookbackSlots } from '../recommend/classes.ts';
import type { DemandHistory } from '../recommend/recommendation.ts';
import { streamOf } from './closedLoopLog.ts';
import type { ClosedLoopLog } from './closedLoopLog.ts';
import { WINDOW, WINDOWS_A_DAY } from './quarterDemand.ts';
import type { FleetSeries, SimulatedFleet } from './simulatedFleet.ts';

const SLOT = 12;
const HOUR = 3_600_000_000n;
/** How often every limit is looked at, windows: each hour; one that was refused something is looked at at once. */
const LOOK_WINDOWS = 12;

/** Who moves limits. */
export interface Sizer {
  /** After a window. @returns how many limits it changed */
  look(at: number): number;
}

/** The limits that a planner set stay. */
export const noSizer: Sizer = { look: () => 0 };

/** The two functions of the rightsizer, on what the table knows, through the log. */
export class RightsizingSizer implements Sizer {
  readonly #fleet: SimulatedFleet;
  readonly #arm: ClosedLoopLog;
  readonly #profiles = new Map<FleetSeries, { readonly slot: number; readonly profile: Profile }>();
  readonly #lowered = new Map<FleetSeries, bigint>();

  constructor(fleet: SimulatedFleet, arm: ClosedLoopLog) {
    this.#fleet = fleet;
    this.#arm = arm;
  }

  look(at: number): number {
    const isRegular = at % LOOK_WINDOWS === 0;
    let changes = 0;
    for (const series of this.#fleet.series) {
      const isPressed = (series.knownRefused[this.#fleet.known - 1] ?? 0) > 0;
      // Nobody is resized under a cut.
      if (series.isCut || !(isRegular || isPressed)) continue;
      if (this.#size(series, at)) changes += 1;
    }
    return changes;
  }

  #size(series: FleetSeries, at: number): boolean {
    const now = this.#fleet.timeOf(at + 1);
    const policy = classPolicies[series.quota.workload];
    const history = this.#historyOf(series, policy);
    const profile = this.#profileOf(series, history, policy);
    const found = recommendFrom(profile, history, policy, now);
    const move = moveOf(history, found, policy, now);
    if (move.kind === 'hold' || move.value < 1n || move.value === history.limit) return false;
    const { quotaId } = series.quota;
    const quota = this.#arm.quota(quotaId);
    const [limit] = quota.content.limits;
    if (limit === undefined) return false;
    const answer = this.#arm.log.answer({
      commandId: derivedId('resize', quotaId, quota.version, move.value),
      type: 'ResizeQuota',
      stream: streamOf(quotaId),
      expectedVersion: quota.version,
      reason: move.reasons.join(', '),
      data: {
        quotaId,
        limit: limitToJson({ ...limit, amount: move.value }),
        evidence: {
          policy: 'closed loop',
          source: `usage table version ${this.#fleet.known}`,
          windowStart: timeToJson(history.slots.from),
          windowEnd: timeToJson(this.#fleet.timeOf(this.#fleet.known)),
          figures: {},
          inputsHash: '',
        },
      },
    });
    if (answer.status !== 'accepted') return false;
    if (move.kind === 'lower') this.#lowered.set(series, now);
    return true;
  }

  #historyOf(series: FleetSeries, policy: SizingPolicy): DemandHistory {
    const { known } = this.#fleet;
    const slot = Math.floor(known / SLOT);
    const firstSlot = Math.max(0, slot - lookbackSlots(policy));
    const first = Math.max(0, known - policy.newestSlots * SLOT);
    const quota = this.#arm.quota(series.quota.quotaId);
    const layer = quota.rightsized.get('tokens');
    const limit = layer?.limit ?? quota.content.limits[0];
    return {
      slots: {
        from: this.#fleet.timeOf(firstSlot * SLOT),
        stepMicros: HOUR,
        values: series.slots.subarray(firstSlot, slot),
      },
      steps: {
        from: this.#fleet.timeOf(first),
        stepMicros: WINDOW,
        values: series.known.subarray(first, known),
      },
      pressed: series.knownRefused.subarray(first, known),
      highest: 0n,
      limit: limit?.amount ?? 0n,
      changedAt: layer?.provenance.at ?? quota.declared.at,
      loweredAt: this.#lowered.get(series) ?? null,
    };
  }

  /** Reckoned once a slot. */
  #profileOf(series: FleetSeries, { slots }: DemandHistory, policy: SizingPolicy): Profile {
    const slot = Math.floor(this.#fleet.known / SLOT);
    const held = this.#profiles.get(series);
    if (held?.slot === slot) return held.profile;
    const profile = profileOf(slots.values, policy);
    this.#profiles.set(series, { slot, profile });
    return profile;
  }
}

/** KRR's rule for processors, each day, as a script would apply what it reports. */
export class KrrSizer implements Sizer {
  readonly #fleet: SimulatedFleet;
  readonly #arm: ClosedLoopLog;
  readonly #rules: ReadonlyMap<FleetSeries, LimitRule>;

  constructor(fleet: SimulatedFleet, arm: ClosedLoopLog, warmUp: number) {
    this.#fleet = fleet;
    this.#arm = arm;
    const facts = { from: fleet.timeOf(0), stepMicros: WINDOW, warmUp, lag: 1 };
    this.#rules = new Map(
      fleet.series.map((series) => [
        series,
        krrCpu.begin({ name: series.quota.quotaId, ...facts }),
      ]),
    );
  }

  look(at: number): number {
    if ((at + 1) % WINDOWS_A_DAY !== 0) return 0;
    const { known } = this.#fleet;
    let changes = 0;
    for (const [{ quota, known: values, limits }, rule] of this.#rules) {
      const wanted = rule.limitAt({ values, known, limits }, at + 1);
      const amount = Math.max(1, Math.ceil(wanted));
      const [declared] = this.#arm.quota(quota.quotaId).content.limits;
      if (Number(declared?.amount ?? 0n) === amount) continue;
      this.#arm.declare(quota.quotaId, amount);
      changes += 1;
    }
    return changes;
  }
}
