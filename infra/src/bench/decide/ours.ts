import { startHost } from '@prorata/host-sdk';
import type { Host, RuleSink, RuleSource, UsageChannel } from '@prorata/host-sdk';
import type { ResourceLimit, Rule } from '@prorata/schemas';
import { HOT_KEY, LONG_MS, PLENTY } from './contender.ts';
import type { Contender, KeyWalk } from './contender.ts';

const none = { perMicros: null, burst: null, guaranteed: null, window: null, zone: null };

const tokens = (amount: bigint, perMillis: number): ResourceLimit => ({
  ...none,
  resource: 'tokens',
  kind: 'rate',
  bound: 'amount',
  amount,
  perMicros: BigInt(perMillis) * 1_000n,
});

const permits: ResourceLimit = {
  ...none,
  resource: 'requests',
  kind: 'concurrency',
  bound: 'amount',
  amount: 10n,
};

function ruleOf(quotaId: string, limits: readonly ResourceLimit[], eachOf: string | null): Rule {
  return {
    application: 'bench',
    quotaId,
    quotaVersion: 1n,
    eventOffset: 1n,
    decidedAt: 0n,
    limits,
    match: [],
    action: 'refuse',
    degradeTag: null,
    mode: 'enforce',
    onStale: 'hold',
    tier: 2,
    project: null,
    after: null,
    requests:
      eachOf === null
        ? null
        : {
            eachOf,
            priority: 0,
            rampPercent: 100,
            scope: null,
            safeShareBasisPoints: null,
            counting: null,
            trial: null,
          },
    candidate: null,
  };
}

/** So many more rules, as an application has them whose every caller has a quota. */
export function manyRules(count: number): readonly Rule[] {
  return Array.from({ length: count }, (_, index) => ({
    ...ruleOf(`bench/teams/t${index % 1_000}/q${index}`, [tokens(BigInt(index + 1), 1_000)], null),
    match: [{ attribute: 'caller', operator: 'equals', values: [`caller-${index}`] }],
    eventOffset: 2n,
  }));
}

/** The rules that the bench measures, as a relay would have said them. */
export const rules: readonly Rule[] = [
  ruleOf('bench/hot', [tokens(BigInt(PLENTY), 1_000), permits], null),
  ruleOf('bench/empty', [tokens(1n, LONG_MS)], null),
  ruleOf('bench/callers', [tokens(1_000_000n, 1_000)], 'caller'),
];

/** Says what the rules are, and then whatever the bench has it say. */
export class BenchSource implements RuleSource {
  readonly kind = 'http';
  readonly #sink = Promise.withResolvers<RuleSink>();

  get sink(): Promise<RuleSink> {
    return this.#sink.promise;
  }

  run(_application: string, sink: RuleSink, abort: AbortSignal): Promise<void> {
    sink.replaceAll({
      rules,
      unreadable: [],
      completeTo: 1n,
      isCurrent: true,
      appliedOffset: 1n,
    });
    sink.confirm();
    this.#sink.resolve(sink);
    return new Promise((resolve) => abort.addEventListener('abort', () => resolve()));
  }
}

export const usage: UsageChannel = {
  sendUsage: () => Promise.resolve(),
  sendReport: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** The host SDK as a service has it: counting usage, watching the clock, ready for other rules. */
export async function ours(walk: KeyWalk): Promise<Contender> {
  const host: Host = await startHost({ application: 'bench', rules: new BenchSource(), usage });
  const hot = host.bind({ quota: 'bench/hot' });
  const empty = host.bind({ quota: 'bench/empty' });
  const callers = host.bind({ quota: 'bench/callers' });
  empty.take('tokens', 1);
  return {
    rows: {
      hot(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) sum += hot.take('tokens', 1);
        return sum;
      },
      keyed(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          sum += callers.takeFor(HOT_KEY, 'tokens', 1);
        }
        return sum;
      },
      random(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          sum += callers.takeFor(walk.next(), 'tokens', 1);
        }
        return sum;
      },
      refusal(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) sum += empty.take('tokens', 1);
        return sum;
      },
      permit(decisions) {
        let sum = 0;
        for (let each = 0; each < decisions; each += 1) {
          sum += hot.acquire('requests');
          hot.release('requests');
        }
        return sum;
      },
    },
    meetAll(keys) {
      for (const key of keys) callers.takeFor(key, 'tokens', 1);
    },
    close: () => host.stop(),
  };
}
