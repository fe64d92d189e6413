import { effectiveLimits, projectOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import { START } from '@prorata/quota-model/testing';
import { timeToJson } from '@prorata/schemas';
import { SimulatedLog } from './simulatedLog.ts';
import { DAY, HOUR, SimulatedWorld } from './simulatedWorld.ts';

/** Between two looks of the world. */
export const STEP = 3n * HOUR;
const STEP_SECONDS = Number(STEP / 1_000_000n);

export const ORGANIZATION = 'acme';
export const applications = ['llm', 'moka'] as const;
export const projects = ['acme/search', 'acme/ads', 'acme/chat'] as const;

interface QuotaTerms {
  readonly quotaId: string;
  readonly project: string | null;
  readonly tier: number;
  readonly amount: number;
  readonly cutPriority?: number;
}

/** Tiers of every kind, a child that inherits its payer, and limits so small that a cut could end them. */
const quotas: readonly QuotaTerms[] = [
  { quotaId: 'llm/search', project: 'acme/search', tier: 3, amount: 1_000, cutPriority: 2 },
  { quotaId: 'llm/search/batch', project: null, tier: 4, amount: 300, cutPriority: 9 },
  { quotaId: 'llm/chat', project: 'acme/chat', tier: 1, amount: 800 },
  { quotaId: 'moka/search', project: 'acme/search', tier: 2, amount: 500 },
  { quotaId: 'moka/ads', project: 'acme/ads', tier: 4, amount: 900, cutPriority: 5 },
  { quotaId: 'moka/ads/tiny', project: null, tier: 3, amount: 1 },
  { quotaId: 'llm/ads', project: 'acme/ads', tier: 0, amount: 400 },
];

export const tierPolicies = [
  {
    steps: [
      { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
      { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
      { overrunBasisPoints: 2_500, cutBasisPoints: [500, 2_000, 5_000, 8_000, 10_000] },
    ],
    floorBasisPoints: [9_000, 5_000, 2_000, 1_000, 0],
  },
  {
    steps: [
      { overrunBasisPoints: 0, cutBasisPoints: [0, 500, 1_500, 3_000, 6_000] },
      { overrunBasisPoints: 1_500, cutBasisPoints: [500, 1_500, 3_500, 6_000, 10_000] },
    ],
    floorBasisPoints: [9_500, 6_000, 3_000, 2_000, 500],
  },
] as const;

const month = { kind: 'calendar_month', timeZone: 'Europe/Berlin', count: 1 };
const week = {
  kind: 'fixed',
  timeZone: 'UTC',
  lengthMicros: (7n * DAY).toString(),
  anchor: timeToJson(START),
  count: 1,
};
const plainBudget = {
  currency: 'USD',
  priceBook: 'list',
  tierPolicy: 'standard',
  team: null,
  mode: 'enforce',
};

/** What each project may spend, at demand as it is a little less than what it would; chat has enough for ever. */
const budgets = [
  { budgetId: 'search', project: 'acme/search', amount: 230, window: month },
  { budgetId: 'ads', project: 'acme/ads', amount: 45, window: week },
  { budgetId: 'chat', project: 'acme/chat', amount: 10_000, window: week },
] as const;

/** Of a million tokens. */
const PRICES = [0.1, 0.08, 0.15];

/** Hosts, people, the topic and the log of one seed. Nothing in it knows of the throttle. */
export class ThrottleWorld extends SimulatedWorld {
  /** The same people say the same to it, and nobody ever cuts there. */
  readonly twin = new SimulatedLog();
  readonly amounts = new Map<string, number>();

  constructor(seed: number) {
    super(seed);
    for (const log of [this.log, this.twin]) log.advanceTo(this.now);
    for (const application of applications) this.#register(application);
    for (const quota of quotas) this.#create(quota);
    this.sayAll('PublishTierPolicy', 'tierpolicy:standard', tierPolicies[0]);
    this.#price([{ at: START - 40n * DAY, amount: PRICES[0] ?? 0 }]);
    for (const { budgetId, amount } of budgets) this.defineBudget(budgetId, amount);
  }

  override advance(): void {
    const from = this.now;
    this.now += STEP;
    this.#report(from);
    for (const log of [this.log, this.twin]) log.advanceTo(this.now);
    this.sink();
  }

  /** Says it in both worlds; a refusal is as good as silence. */
  sayAll(type: Parameters<SimulatedLog['say']>[0], stream: string, data: object): boolean {
    const said = this.log.say(type, stream, data);
    const twin = this.twin.say(type, stream, data);
    if (said.kind !== twin.kind) {
      throw new Error(`Without cuts ${type} is ${twin.kind}, with them ${JSON.stringify(said)}.`);
    }
    return said.kind === 'accepted';
  }

  defineBudget(budgetId: string, amount: number): void {
    const terms = budgets.find((budget) => budget.budgetId === budgetId);
    if (terms === undefined) throw new RangeError(`There is no budget ${budgetId}.`);
    const data = { ...plainBudget, ...terms, amount: amount.toFixed(2) };
    if (this.sayAll('DefineBudget', `organization:${ORGANIZATION}`, data)) {
      this.amounts.set(budgetId, amount);
    }
  }

  override meddle(): void {
    const action = this.pick(meddling);
    action(this);
  }

  application(id: string): ApplicationState {
    return this.log.state(`application:${id}`) as ApplicationState;
  }

  /** A new version of the book; prices of the past are put right with a reason. */
  reprice(from: bigint): void {
    const book = this.log.state('pricebook:list');
    if (book?.kind !== 'pricebook') return;
    const known = book.prices.filter(({ application }) => application === 'llm');
    const kept = known.map(({ effectiveFrom, amount }) => ({
      at: effectiveFrom,
      amount: Number(amount),
    }));
    const others = kept.filter(({ at }) => at !== from);
    this.#price([...others, { at: from, amount: this.pick(PRICES) }]);
  }

  #price(steps: readonly { readonly at: bigint; readonly amount: number }[]): void {
    const prices = applications.flatMap((application) =>
      steps.map(({ at, amount }) => ({
        application,
        resource: 'tokens',
        amount: amount.toFixed(2),
        perUnits: '1000000',
        effectiveFrom: timeToJson(at),
      })),
    );
    this.sayAll('DefinePriceBook', 'pricebook:list', { currency: 'USD', prices });
  }

  #register(application: string): void {
    this.sayAll('RegisterApplication', `application:${application}`, {
      displayName: application,
      levels: ['service', 'part'],
      resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: '604800000000',
    });
  }

  #create({ quotaId, amount, ...terms }: QuotaTerms): void {
    const [application = ''] = quotaId.split('/');
    this.sayAll('CreateQuota', `application:${application}`, {
      quotaId,
      content: contentOf({ cutPriority: 0, ...terms }, amount),
    });
  }

  createBeside(quotaId: string, project: string, tier: number, amount: number): void {
    this.#create({ quotaId, project, tier, amount });
  }

  /** Each host lets through what its rule allows, and tells it, sometimes long after. */
  #report(from: bigint): void {
    for (const application of applications) {
      const state = this.application(application);
      for (const quotaId of state.quotas.keys()) {
        const [tokens] = effectiveLimits(state, quotaId);
        const limit = tokens?.limit.bound === 'amount' ? Number(tokens.limit.amount) : 0;
        const demand = this.isQuiet ? 0 : Math.round(limit * (0.4 + this.random() * 0.9));
        const used = BigInt(Math.min(demand, limit) * STEP_SECONDS);
        const refused = BigInt(Math.max(0, demand - limit) * STEP_SECONDS);
        const late = this.random() < 0.05 ? STEP * BigInt(this.between(1, 16)) : 0n;
        const use = { application, quotaId, resource: 'tokens', used, refused };
        const project = projectOf(state, quotaId);
        const window = { windowStart: from, windowEnd: this.now };
        this.table.send({ ...use, ...window, project }, this.now + late);
      }
    }
  }
}

function contentOf(terms: Omit<QuotaTerms, 'quotaId' | 'amount'>, amount: number): object {
  return {
    owner: 'team',
    labels: {},
    attributes: {},
    limits: [{ resource: 'tokens', rate: { amount, per: '1s' } }],
    match: [],
    action: 'refuse',
    degradeTag: null,
    mode: null,
    onStale: null,
    requests: null,
    rightsizing: [],
    ...terms,
  };
}

type Meddling = (world: ThrottleWorld) => void;

const editLimit: Meddling = (world) => {
  const application = world.pick(applications);
  const quotaId = world.pick([...world.application(application).quotas.keys()]);
  const amount = world.between(1, 1_500);
  world.sayAll('ChangeQuota', `application:${application}`, {
    quotaId,
    setLimits: [{ resource: 'tokens', rate: { amount, per: '1s' } }],
  });
};

const editTier: Meddling = (world) => {
  const application = world.pick(applications);
  const quotaId = world.pick([...world.application(application).quotas.keys()]);
  world.sayAll('ChangeQuota', `application:${application}`, {
    quotaId,
    tier: world.between(0, 4),
  });
};

const override: Meddling = (world) => {
  const application = world.pick(applications);
  const quotaId = world.pick([...world.application(application).quotas.keys()]);
  world.sayAll('OverrideQuota', `application:${application}`, {
    quotaId,
    limits: [{ resource: 'tokens', rate: { amount: world.between(10, 500), per: '1s' } }],
    until: timeToJson(world.now + HOUR * BigInt(world.between(2, 60))),
  });
};

const createQuota: Meddling = (world) => {
  const application = world.pick(applications);
  const project = world.pick(['acme/search', 'acme/ads', 'acme/chat']);
  const quotaId = `${application}/${world.nextName()}`;
  world.createBeside(quotaId, project, world.between(0, 4), world.between(1, 200));
};

const changeBudget: Meddling = (world) => {
  const budgetId = world.pick(['search', 'ads']);
  const now = world.amounts.get(budgetId) ?? 0;
  world.defineBudget(budgetId, Math.max(5, Math.round(now * (0.7 + world.random() * 0.7))));
};

const grantCredit: Meddling = (world) => {
  world.sayAll('GrantCredit', `organization:${ORGANIZATION}`, {
    creditId: world.nextName(),
    project: world.pick(['acme/search', 'acme/ads']),
    priceBook: 'list',
    amount: world.between(1, 20).toString(),
    currency: 'USD',
    at: timeToJson(world.now - HOUR),
  });
};

const priceFromNow: Meddling = (world) => {
  world.reprice(world.now + HOUR * BigInt(world.between(1, 48)));
};

const priceOfThePast: Meddling = (world) => {
  world.reprice(world.now - DAY * BigInt(world.between(1, 5)));
};

const overrideBudget: Meddling = (world) => {
  world.sayAll('OverrideBudget', `organization:${ORGANIZATION}`, {
    budgetId: world.pick(['search', 'ads']),
    until: timeToJson(world.now + HOUR * BigInt(world.between(2, 72))),
  });
};

const liftBudgetOverride: Meddling = (world) => {
  const budgetId = world.pick(['search', 'ads']);
  world.sayAll('LiftBudgetOverride', `organization:${ORGANIZATION}`, { budgetId });
};

const tierPolicy: Meddling = (world) => {
  world.sayAll('PublishTierPolicy', 'tierpolicy:standard', world.pick(tierPolicies));
};

const meddling: readonly Meddling[] = [
  ...[editLimit, editLimit, editLimit, override, changeBudget, changeBudget, grantCredit],
  ...[createQuota, editTier, priceFromNow, priceOfThePast, tierPolicy],
  ...[overrideBudget, liftBudgetOverride],
];
