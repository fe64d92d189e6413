import { effectiveLimits, projectOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import { DAY, HOUR, SimulatedWorld } from './simulatedWorld.ts';

/** Between two looks, and of hosts' windows, of steps and of slots. */
export const STEP = HOUR;
const STEP_SECONDS = 3_600;

/** `llm` takes what the rightsizer says; of `moka` a person approves it. */
export const resizedApplications = ['llm', 'moka'] as const;

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly workload?: string;
  readonly pinned?: boolean;
}

interface QuotaTerms {
  readonly quotaId: string;
  readonly amount: number;
  readonly project?: string;
  readonly bounds: Bounds | null;
  /** Wanted a second. @param hour counted from the start */
  readonly demand: (hour: number, random: () => number) => number;
}

const daily = (hour: number, base: number): number =>
  base * (1 + 0.6 * ((hour % 24) / 12 > 1 ? 2 - (hour % 24) / 12 : (hour % 24) / 12));

/** Whose demand, terms and reports nobody touches: their limits must come to rest. */
export const untouched: ReadonlySet<string> = new Set(['llm/steady', 'llm/wave']);

const quotas: readonly QuotaTerms[] = [
  { quotaId: 'llm/steady', amount: 1_000, bounds: { min: 1, max: 9_000 }, demand: () => 300 },
  {
    quotaId: 'llm/wave',
    amount: 1_000,
    bounds: { min: 1, max: 9_000, workload: 'batch' },
    demand: (hour) => (hour % 2 === 0 ? 100 : 900),
  },
  {
    quotaId: 'llm/daily',
    amount: 400,
    bounds: { min: 50, max: 5_000, workload: 'guaranteed' },
    demand: (hour, random) => daily(hour, 400) * (0.9 + 0.2 * random()),
  },
  {
    quotaId: 'llm/bursts',
    amount: 2_000,
    bounds: { min: 50, max: 5_000 },
    demand: (_hour, random) => (random() < 0.02 ? 1_500 : 200) * (0.9 + 0.2 * random()),
  },
  {
    quotaId: 'llm/paid',
    amount: 900,
    project: 'acme/search',
    bounds: { min: 10, max: 4_000 },
    demand: (hour, random) => daily(hour, 300) * (0.8 + 0.4 * random()) * (1 + hour / 2_000),
  },
  {
    quotaId: 'llm/paid/part',
    amount: 500,
    bounds: { min: 10, max: 800 },
    demand: (_hour, random) => 100 + 300 * random(),
  },
  { quotaId: 'llm/unbounded', amount: 100, bounds: null, demand: () => 500 },
  {
    quotaId: 'moka/tight',
    amount: 500,
    bounds: { min: 400, max: 600 },
    demand: (hour, random) => daily(hour, 400) * (0.9 + 0.2 * random()),
  },
  {
    quotaId: 'moka/pinned',
    amount: 100,
    bounds: { min: 1, max: 9_000, pinned: true },
    demand: () => 400,
  },
  {
    quotaId: 'moka/grows',
    amount: 200,
    bounds: { min: 10, max: 9_000 },
    demand: (hour, random) => (100 + hour) * (0.9 + 0.2 * random()),
  },
];

/** Hosts, people, the topic and the log of one seed. Nothing in it knows of the rightsizer. */
export class ResizeWorld extends SimulatedWorld {
  constructor(seed: number) {
    super(seed);
    this.log.advanceTo(this.now);
    for (const application of resizedApplications) this.#register(application);
    for (const quota of quotas) this.#create(quota);
  }

  application(id: string): ApplicationState {
    return this.log.state(`application:${id}`) as ApplicationState;
  }

  override advance(): void {
    const from = this.now;
    this.now += STEP;
    for (const { quotaId, demand } of quotas) this.#report(quotaId, demand, from);
    this.log.advanceTo(this.now);
    this.sink();
  }

  override meddle(): void {
    this.pick(meddling)(this);
  }

  /** A quota that people may touch. */
  quotaId(): string {
    return this.pick(quotas.map((quota) => quota.quotaId).filter((id) => !untouched.has(id)));
  }

  say(type: Parameters<SimulatedWorld['log']['say']>[0], quotaId: string, data: object): void {
    const [application = ''] = quotaId.split('/');
    this.log.say(type, `application:${application}`, data);
  }

  #report(quotaId: string, demand: QuotaTerms['demand'], from: bigint): void {
    const [application = ''] = quotaId.split('/');
    const state = this.application(application);
    const [tokens] = effectiveLimits(state, quotaId);
    const limit = tokens?.limit.bound === 'amount' ? Number(tokens.limit.amount) : 0;
    const hour = Number((from - this.#start) / HOUR);
    const wanted = Math.round(demand(hour, this.random));
    const isLate = !untouched.has(quotaId) && this.random() < 0.03;
    const late = isLate ? HOUR * BigInt(this.between(1, 30)) : 0n;
    this.table.send(
      {
        ...{ application, quotaId, resource: 'tokens', project: projectOf(state, quotaId) },
        used: BigInt(Math.min(wanted, limit) * STEP_SECONDS),
        refused: BigInt(Math.max(0, wanted - limit) * STEP_SECONDS),
        ...{ windowStart: from, windowEnd: this.now },
      },
      this.now + late,
    );
  }

  readonly #start = this.now;

  #register(application: string): void {
    this.log.must('RegisterApplication', `application:${application}`, {
      displayName: application,
      levels: ['service', 'part'],
      resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: application === 'moka' ? 'propose' : 'apply',
      proposalLifetimeMicros: (2n * DAY).toString(),
    });
  }

  #create({ quotaId, amount, project, bounds }: QuotaTerms): void {
    this.log.must('CreateQuota', `application:${quotaId.split('/', 1)[0] ?? ''}`, {
      quotaId,
      content: {
        ...{ owner: 'team', project: project ?? null, tier: 3, cutPriority: 0 },
        ...{ labels: {}, attributes: {}, match: [], action: 'refuse', degradeTag: null },
        ...{ mode: null, onStale: null, requests: null },
        limits: [{ resource: 'tokens', rate: { amount, per: '1s' } }],
        rightsizing: bounds === null ? [] : [{ resource: 'tokens', ...bounds }],
      },
    });
  }
}

type Meddling = (world: ResizeWorld) => void;

const editLimit: Meddling = (world) => {
  const quotaId = world.quotaId();
  const amount = world.between(50, 1_500);
  world.say('ChangeQuota', quotaId, {
    quotaId,
    setLimits: [{ resource: 'tokens', rate: { amount, per: '1s' } }],
  });
};

const editBounds: Meddling = (world) => {
  const quotaId = world.quotaId();
  const min = world.between(10, 600);
  const bounds = { resource: 'tokens', min, max: min + world.between(10, 4_000) };
  const pinned = world.random() < 0.3;
  world.say('ChangeQuota', quotaId, { quotaId, rightsizing: [{ ...bounds, pinned }] });
};

const override: Meddling = (world) => {
  const quotaId = world.quotaId();
  world.say('OverrideQuota', quotaId, {
    quotaId,
    limits: [{ resource: 'tokens', rate: { amount: world.between(10, 500), per: '1s' } }],
    until: timeToJson(world.now + HOUR * BigInt(world.between(2, 60))),
  });
};

const cut: Meddling = (world) => {
  world.say('ApplyHaircut', 'llm/paid', {
    ...{ project: 'acme/search', budgetId: 'month', spend: '101', budget: '100', currency: 'USD' },
    windowStart: timeToJson(world.now - DAY),
    windowEnd: timeToJson(world.now + 20n * DAY),
    ...{ overrunBasisPoints: 100, tierPolicy: 'standard', tierPolicyVersion: 1 },
    cutBasisPoints: [0, 0, 1_000, 5_000, 5_000],
    floorBasisPoints: [0, 0, 0, 0, 0],
    evidence: {
      ...{ policy: 'by hand', source: 'a person', figures: {}, inputsHash: '' },
      ...{ windowStart: timeToJson(0n), windowEnd: timeToJson(1n) },
    },
  });
};

const liftCut: Meddling = (world) => {
  world.say('LiftHaircut', 'llm/paid', {
    ...{ project: 'acme/search', budgetId: 'month', cause: 'person', spend: '90', budget: '100' },
  });
};

const decideProposal: Meddling = (world) => {
  const proposals = [...world.application('moka').proposals.keys()];
  if (proposals.length === 0) return;
  const proposalId = world.pick(proposals);
  const type = world.random() < 0.7 ? 'ApproveProposal' : 'RejectProposal';
  world.say(type, 'moka/tight', { proposalId });
};

const meddling: readonly Meddling[] = [
  ...[editLimit, editBounds, override, cut, liftCut, liftCut],
  ...[decideProposal, decideProposal, decideProposal, decideProposal, decideProposal],
];
