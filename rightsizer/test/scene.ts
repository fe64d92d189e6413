import { setTimeout as delay } from 'node:timers/promises';
import type { ApplicationState, OrganizationState, QuotaState } from '@prorata/quota-model';
import { effectiveLimits } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import { deploy } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { tokens } from './usageRecords.ts';

export interface BudgetChanges {
  readonly amount?: string;
  readonly currency?: string;
  readonly lengthMicros?: number;
}

/** Seconds where production has days. */
export const policy = {
  name: 'test',
  version: 1,
  sink: { recordsMax: 1_000, intervalMs: 60_000, idleMs: 100 },
  rightsizer: {
    evaluationMs: 300,
    slotMs: 2_000,
    stepMs: 1_000,
    settleMs: 0,
    freshnessMs: 20_000,
    rehearsalMs: 0,
    declinedRestMs: 20_000,
    refusalRestMs: 1_000,
    raisedMaxBasisPoints: 20_000,
    sizing: {
      serving: {
        ...{ daySlots: 2, lookbackDays: 3, aheadSlots: 1, warmUpSlots: 3, dwellSlots: 1 },
        ...{ newestSlots: 10, lowerFactor: 0.8 },
      },
    },
  },
  throttle: { evaluationMs: 300, freshnessMs: 20_000, escalationMs: 0, cooldownMs: 0 },
};

export const micros = (milliseconds: number): bigint => BigInt(Math.round(milliseconds)) * 1_000n;

/** One quota of one project, and what befalls it. */
export class Scene {
  readonly deployment: Deployment;
  /** Long enough ago that all usage of a test lies within the budget's window. */
  readonly #anchor = timeToJson(micros(Date.now() - 600_000));

  private constructor(deployment: Deployment) {
    this.deployment = deployment;
  }

  static async open(): Promise<Scene> {
    return new Scene(await deploy());
  }

  async prepare(
    changes: { robotChanges?: string; rightsizing?: object[]; amount?: number } = {},
  ): Promise<void> {
    const { writer } = this.deployment;
    await writer.must('RegisterApplication', 'application:llm', {
      displayName: 'LLM',
      levels: ['service'],
      resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: changes.robotChanges ?? 'apply',
      proposalLifetimeMicros: 60_000_000,
    });
    await writer.must('CreateQuota', 'application:llm', {
      quotaId: 'llm/chat',
      content: {
        owner: 'team',
        project: 'acme/search',
        tier: 3,
        cutPriority: 0,
        labels: {},
        attributes: {},
        limits: [{ resource: 'tokens', rate: { amount: changes.amount ?? 1_000, per: '1s' } }],
        match: [],
        action: 'refuse',
        degradeTag: null,
        mode: null,
        onStale: null,
        requests: null,
        rightsizing: changes.rightsizing ?? [{ resource: 'tokens', min: 100, max: 5_000 }],
      },
    });
  }

  /** What is refused before a limit is set says nothing about it, so the usage comes some steps later. */
  async prepareAndRefuse(changes: Parameters<Scene['prepare']>[0] = {}): Promise<void> {
    await this.prepare(changes);
    await delay(3_500);
    await this.useLately(2, 1_000n, 500n);
  }

  /** Usage of the last seconds, a record a second, up to now. */
  async useLately(seconds: number, used: bigint, refused = 0n): Promise<void> {
    const now = Date.now();
    await this.deployment.use(
      ...Array.from({ length: seconds }, (_, index) => ({
        windowStart: micros(now - (index + 1) * 1_000),
        windowEnd: micros(now - index * 1_000),
        resources: [tokens(used, { refused, peak: 0n })],
      })),
    );
  }

  get application(): ApplicationState {
    return this.deployment.writer.state('application:llm') as ApplicationState;
  }

  get organization(): OrganizationState {
    return this.deployment.writer.state('organization:acme') as OrganizationState;
  }

  /** The tokens a second that hold. */
  get inForce(): bigint | undefined {
    const limits = effectiveLimits(this.application, 'llm/chat');
    return limits.find(({ resource }) => resource === 'tokens')?.limit.amount;
  }

  get quota(): QuotaState {
    const quota = this.application.quotas.get('llm/chat');
    if (quota === undefined) throw new Error('The quota is not there yet.');
    return quota;
  }

  cutByHand(): Promise<void> {
    return this.deployment.writer.must('ApplyHaircut', 'application:llm', {
      project: 'acme/search',
      budgetId: 'month',
      windowStart: timeToJson(micros(Date.now() - 1_000)),
      windowEnd: timeToJson(micros(Date.now() + 600_000)),
      spend: '101',
      budget: '100',
      currency: 'USD',
      overrunBasisPoints: 100,
      tierPolicy: 'standard',
      tierPolicyVersion: 1,
      cutBasisPoints: [0, 0, 1_000, 2_000, 5_000],
      floorBasisPoints: [0, 0, 0, 0, 0],
      evidence: {
        policy: 'by hand',
        source: 'a person',
        windowStart: timeToJson(0n),
        windowEnd: timeToJson(1n),
        figures: {},
        inputsHash: '',
      },
    });
  }

  async prepareMoney(changes: { currency?: string; resource?: string } = {}): Promise<void> {
    const { writer } = this.deployment;
    await writer.must('DefinePriceBook', 'pricebook:list', {
      currency: changes.currency ?? 'USD',
      prices: [
        {
          application: 'llm',
          resource: changes.resource ?? 'tokens',
          amount: '0.10',
          perUnits: 3,
          effectiveFrom: timeToJson(0n),
        },
      ],
    });
    await writer.must('PublishTierPolicy', 'tierpolicy:standard', {
      steps: [
        { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
        { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
      ],
      floorBasisPoints: [9_000, 5_000, 2_000, 1_000, 0],
    });
  }

  defineBudget(changes: BudgetChanges = {}): Promise<void> {
    return this.deployment.writer.must('DefineBudget', 'organization:acme', {
      budgetId: 'month',
      project: 'acme/search',
      amount: changes.amount ?? '50',
      currency: changes.currency ?? 'USD',
      window: {
        kind: 'fixed',
        timeZone: 'UTC',
        lengthMicros: changes.lengthMicros ?? 3_600_000_000,
        anchor: this.#anchor,
      },
      priceBook: 'list',
      tierPolicy: 'standard',
      // What is posted is cuts and lifts alone.
      thresholds: [],
      mode: 'enforce',
    });
  }
}
