import { effectiveLimits } from '@prorata/quota-model';
import type { ApplicationState, QuotaState } from '@prorata/quota-model';
import { START } from '@prorata/quota-model/testing';
import { timeToJson } from '@prorata/schemas';
import { simulatedApplications } from './quarterDemand.ts';
import type { SimulatedQuota } from './quarterDemand.ts';
import { SimulatedLog } from './simulatedLog.ts';

/** A strict one: what serves people is cut late and less, what can wait at once and much. */
const tierPolicy = {
  steps: [
    { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 2_500, 4_000, 8_000] },
    { overrunBasisPoints: 200, cutBasisPoints: [0, 2_000, 5_000, 7_000, 9_500] },
    { overrunBasisPoints: 500, cutBasisPoints: [500, 4_000, 7_500, 9_000, 9_900] },
  ],
  floorBasisPoints: [9_000, 5_000, 2_000, 500, 0],
};
const PRICE = '0.10';
/** The price that holds from the seventh week on. */
const LATER_PRICE = '0.11';
const REPRICED_DAY = 42n;
const DAY = 86_400_000_000n;
export const MICROS_PER_UNIT_MONEY = 1_000_000;
/** Evidence may take a limit this many times as high as its owner set it, and down to one. */
const BOUND_FACTOR = 20;

/** Money of a window's use, at the price that holds when it begins. @param used units */
export function moneyOf(used: number, at: bigint): number {
  const price = at < START + REPRICED_DAY * DAY ? PRICE : LATER_PRICE;
  return (used * Number(price)) / MICROS_PER_UNIT_MONEY;
}

/** The log of one arm: what planners, budget owners and loops said, decided by the real model. */
export class ClosedLoopLog {
  readonly log = new SimulatedLog();
  #seen = 0;

  constructor(quotas: readonly SimulatedQuota[], declared: ReadonlyMap<string, number>) {
    this.log.advanceTo(START);
    for (const application of simulatedApplications) this.#register(application);
    for (const quota of quotas) this.#create(quota, declared.get(quota.quotaId) ?? 1);
    this.log.must('PublishTierPolicy', 'tierpolicy:standard', tierPolicy);
    this.log.must('DefinePriceBook', 'pricebook:list', { currency: 'USD', prices: prices() });
  }

  /** @param amount money a window */
  defineBudget(project: string, amount: number, window: object): void {
    this.log.must('DefineBudget', 'organization:acme', {
      budgetId: project.split('/')[1],
      project,
      team: null,
      amount: amount.toFixed(2),
      currency: 'USD',
      window,
      priceBook: 'list',
      tierPolicy: 'standard',
      mode: 'enforce',
    });
  }

  /** A planner's change. */
  declare(quotaId: string, amount: number): void {
    this.log.must('ChangeQuota', streamOf(quotaId), {
      quotaId,
      setLimits: [{ resource: 'tokens', rate: { amount, per: '1s' } }],
    });
  }

  /** The quotas of the events since it was last asked. */
  touched(): Set<string> {
    const { events } = this.log;
    const touched = new Set<string>();
    for (; this.#seen < events.length; this.#seen += 1) {
      const quotaId = events[this.#seen]?.value.envelope.quotaId;
      if (quotaId != null) touched.add(quotaId);
    }
    return touched;
  }

  quota(quotaId: string): QuotaState {
    const quota = this.#application(quotaId).quotas.get(quotaId);
    if (quota === undefined) throw new RangeError(`There is no quota ${quotaId}.`);
    return quota;
  }

  /** What the relay sends hosts. */
  inForce(quotaId: string): number {
    const [tokens] = effectiveLimits(this.#application(quotaId), quotaId);
    return Number(tokens?.limit.amount ?? 0n);
  }

  #application(quotaId: string): ApplicationState {
    return this.log.state(streamOf(quotaId)) as ApplicationState;
  }

  #register(application: string): void {
    this.log.must('RegisterApplication', `application:${application}`, {
      displayName: application,
      levels: ['service'],
      resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: '604800000000',
    });
  }

  #create({ quotaId, project, tier, cutPriority }: SimulatedQuota, amount: number): void {
    this.log.must('CreateQuota', streamOf(quotaId), {
      quotaId,
      content: {
        owner: 'team',
        project,
        tier,
        cutPriority,
        labels: {},
        attributes: {},
        limits: [{ resource: 'tokens', rate: { amount, per: '1s' } }],
        match: [],
        action: 'refuse',
        degradeTag: null,
        mode: null,
        onStale: null,
        requests: null,
        rightsizing: [{ resource: 'tokens', min: 1, max: amount * BOUND_FACTOR }],
      },
    });
  }
}

export function streamOf(quotaId: string): string {
  return `application:${quotaId.split('/', 1)[0] ?? ''}`;
}

function prices(): object[] {
  return simulatedApplications.flatMap((application) =>
    [
      { amount: PRICE, from: START - 40n * DAY },
      { amount: LATER_PRICE, from: START + REPRICED_DAY * DAY },
    ].map(({ amount, from }) => ({
      application,
      resource: 'tokens',
      amount,
      perUnits: '1000000',
      effectiveFrom: timeToJson(from),
    })),
  );
}
