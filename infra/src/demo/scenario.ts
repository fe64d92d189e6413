import type { Workload } from './workload.ts';

/** The commands that set the demo's stage, in the JSON that any client posts. */
export interface StageCommand {
  readonly type: string;
  readonly stream: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const application = 'llm-gateway';
export const applicationStream = `application:${application}`;
export const organization = 'acme';
export const organizationStream = `organization:${organization}`;
export const quotaOf = {
  conv: `${application}/prod/conv`,
  code: `${application}/prod/code`,
} as const;
export const hostCount = 3;

/** Two projects of one organization: one will be over its budget, the other will not. */
export const projects = { conv: 'acme/assistant', code: 'acme/copilot' } as const;
export const budgetId = 'assistant-hourly';

const HOUR_MICROS = 3_600_000_000;
/** Money for a million tokens. */
const PRICE = '1.00';
const PRICE_UNITS = 1_000_000;
/** The budget is what this many seconds of the workload cost, so that the demo need not wait long. */
const BUDGET_SECONDS = 25;

export interface Limits {
  /** Tokens per second on each host: limits hold per host until there are leases. */
  readonly conv: number;
  readonly code: number;
}

/**
 * Limits that scale with the pace of the replay: `conv` has a fifth more than its mean demand, `code`
 * starts with too little, so that there are refusals for the rightsizer to see.
 */
export function limitsFor(workload: Workload): Limits {
  const perHost = (tokens: number, share: number): number =>
    Math.ceil((tokens * share) / hostCount / 1000) * 1000;
  return {
    conv: perHost(workload.tokensPerSecond.conv, 1.2),
    code: perHost(workload.tokensPerSecond.code, 0.6),
  };
}

export function tokensLimit(amount: number): Record<string, unknown> {
  // A request's tokens are taken at once, so the burst must hold the largest request.
  return { resource: 'tokens', rate: { amount, per: '1s', burst: Math.max(amount, 20_000) } };
}

export const requestsLimit = { resource: 'requests', concurrency: { max: 400 } };

export function budgetCommand(amount: string, anchor: string): StageCommand {
  return {
    type: 'DefineBudget',
    stream: organizationStream,
    data: {
      budgetId,
      project: projects.conv,
      amount,
      currency: 'EUR',
      window: { kind: 'fixed', timeZone: 'UTC', lengthMicros: HOUR_MICROS, anchor },
      priceBook: 'list',
      tierPolicy: 'standard',
      mode: 'enforce',
    },
  };
}

export function budgetFor(workload: Workload): string {
  const millionths = BigInt(Math.round(workload.tokensPerSecond.conv * BUDGET_SECONDS));
  return `${millionths / 1_000_000n}.${(millionths % 1_000_000n).toString().padStart(6, '0')}`;
}

export function stage(workload: Workload, startedAt: string): readonly StageCommand[] {
  const limits = limitsFor(workload);
  return [
    {
      type: 'DefinePriceBook',
      stream: 'pricebook:list',
      data: {
        currency: 'EUR',
        prices: [
          {
            application,
            resource: 'tokens',
            amount: PRICE,
            perUnits: PRICE_UNITS,
            effectiveFrom: '2026-01-01T00:00:00Z',
          },
          {
            application,
            resource: 'requests',
            amount: '0',
            perUnits: 1,
            effectiveFrom: '2026-01-01T00:00:00Z',
          },
        ],
      },
    },
    {
      type: 'PublishTierPolicy',
      stream: 'tierpolicy:standard',
      data: {
        steps: [{ overrunBasisPoints: 0, cutBasisPoints: [0, 1000, 2500, 4000, 5000] }],
        floorBasisPoints: [10_000, 5000, 2500, 1000, 1000],
      },
    },
    {
      type: 'RegisterApplication',
      stream: applicationStream,
      data: {
        displayName: 'LLM gateway',
        levels: ['environment', 'service'],
        resources: [
          { name: 'tokens', kind: 'rate', unit: 'token' },
          { name: 'requests', kind: 'concurrency', unit: 'request' },
        ],
        defaultMode: 'enforce',
        defaultOnStale: 'hold',
        robotChanges: 'propose',
        proposalLifetimeMicros: HOUR_MICROS,
      },
    },
    ...Object.values(projects).map((project) => ({
      type: 'SetEntitlement',
      stream: applicationStream,
      data: { project, resource: 'tokens', bound: 'amount', amount: 100_000_000 },
    })),
    quota(`${application}/prod`, { tier: 0, tokens: 50_000_000, project: null, bounds: [] }),
    quota(quotaOf.conv, { tier: 2, tokens: limits.conv, project: projects.conv, bounds: [] }),
    quota(quotaOf.code, {
      tier: 1,
      tokens: limits.code,
      project: projects.code,
      bounds: [{ resource: 'tokens', min: limits.code, max: limits.code * 10 }],
    }),
    budgetCommand(budgetFor(workload), startedAt),
  ];
}

function quota(
  quotaId: string,
  terms: { tier: number; tokens: number; project: string | null; bounds: readonly unknown[] },
): StageCommand {
  return {
    type: 'CreateQuota',
    stream: applicationStream,
    data: {
      quotaId,
      content: {
        owner: 'group:ml-platform',
        project: terms.project,
        tier: terms.tier,
        cutPriority: 0,
        labels: {},
        attributes: {},
        limits: [tokensLimit(terms.tokens), requestsLimit],
        match: [],
        action: 'refuse',
        rightsizing: terms.bounds,
      },
    },
  };
}

/** Many small commands for one application, so that a rebuild has something to do. */
export function bulkCommands(count: number): readonly (readonly StageCommand[])[] {
  const stream = 'application:moka';
  const quotas = Math.ceil(count / CHANGES_PER_QUOTA);
  const create = Array.from({ length: quotas }, (_, index) => bulkQuota(stream, index));
  const rounds = Array.from({ length: CHANGES_PER_QUOTA - 1 }, (_, round) =>
    create.map((_command, index) => ({
      type: 'ChangeQuota',
      stream,
      data: {
        quotaId: `moka/prod/team-${index}`,
        setLimits: [{ resource: 'requests', rate: { amount: 100 + round * 10 + (index % 7) } }],
      },
    })),
  );
  return [[bulkApplication(stream)], [bulkRoot(stream)], create, ...rounds];
}

const CHANGES_PER_QUOTA = 5;

function bulkApplication(stream: string): StageCommand {
  return {
    type: 'RegisterApplication',
    stream,
    data: {
      displayName: 'Moka',
      levels: ['environment', 'team'],
      resources: [{ name: 'requests', kind: 'rate', unit: 'request' }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'propose',
      proposalLifetimeMicros: HOUR_MICROS,
    },
  };
}

function bulkRoot(stream: string): StageCommand {
  const { data } = quota('moka/prod', { tier: 1, tokens: 1, project: 'acme/moka', bounds: [] });
  const content = data['content'] as Record<string, unknown>;
  const limits = [{ resource: 'requests', rate: { amount: 1_000_000 } }];
  return {
    type: 'CreateQuota',
    stream,
    data: { quotaId: 'moka/prod', content: { ...content, limits } },
  };
}

function bulkQuota(stream: string, index: number): StageCommand {
  const { data } = bulkRoot(stream);
  const content = data['content'] as Record<string, unknown>;
  const limits = [{ resource: 'requests', rate: { amount: 50 + (index % 40) } }];
  return {
    type: 'CreateQuota',
    stream,
    data: {
      quotaId: `moka/prod/team-${index}`,
      content: { ...content, project: null, limits, labels: { team: `team-${index}` } },
    },
  };
}
