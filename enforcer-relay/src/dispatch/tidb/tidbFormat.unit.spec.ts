import type { ResourceLimit, Rule } from '@prorata/schemas';
import type { TidbSettings } from '@prorata/quota-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DispatchedSet } from '../dispatcher.ts';
import { licencesIn } from '../licences.ts';
import { resource } from '../testing/dispatchedSets.ts';
import { limit, rule } from '../testing/targetRules.ts';
import { groupsProblems } from './groupsProblems.ts';
import { readGroupsText } from './groupsText.ts';
import { tidbFormat } from './tidbFormat.ts';
import { RU_PER_SEC_MAX } from './resourceGroup.ts';
import type { ResourceGroup } from './resourceGroup.ts';

const resources = new Map(
  [
    resource('ru', 'rate', 'ru'),
    resource('query-time', 'capacity', 's'),
    resource('query-keys', 'capacity', 'key'),
  ].map((each) => [each.name, each]),
);
const plain: TidbSettings = { user: 'prorata', resource: 'ru' };
const withQueries: TidbSettings = {
  ...plain,
  queryLimits: { elapsed: 'query-time', processedKeys: 'query-keys' },
};
const PROD = 'orders/prod';

function setOf(rules: readonly Rule[]): DispatchedSet {
  const quotas = rules.map((each) => ({ rule: each, attributes: {}, labels: {} }));
  return { application: 'orders', resources, quotas };
}

function rendered(rules: readonly Rule[], settings = plain): { text: string; notes: string } {
  const made = tidbFormat(settings).render(setOf(rules));
  if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
  return { text: made.text, notes: made.notes.join('\n') };
}

function textOf(rules: readonly Rule[], settings = plain): string {
  return rendered(rules, settings).text;
}

function groupOf(one: Rule, settings = plain): ResourceGroup {
  const text = textOf([one], settings);
  const format = tidbFormat(settings);
  expect(format.check(text)).toEqual([]);
  expect(licencesIn(format.held(text, setOf([one])), setOf([one]))).toEqual([]);
  const [group, ...others] = readGroupsText(text).groups;
  if (group === undefined || others.length > 0) throw new Error(text);
  return group;
}

const ru = (bound: bigint | 'unlimited' | 'blocked', perMicros = 1_000_000n): ResourceLimit =>
  limit('ru', 'rate', bound, { perMicros });

describe('resource groups', () => {
  it('are made where they are not, and set where they are', () => {
    const search = rule('orders/prod/search', [ru(2_000n)], { tier: 0 });
    const scans = rule('orders/prod/scans', [ru(500n), limit('query-time', 'capacity', 60n)], {
      tier: 4,
    });
    expect(textOf([search, scans], { ...withQueries, burstableTiers: [0] })).toBe(
      `-- Resource groups of Prorata: every group whose name begins with pr_orders__ is its own.
CREATE RESOURCE GROUP IF NOT EXISTS \`pr_orders__prod__scans\` RU_PER_SEC = 500 PRIORITY = LOW QUERY_LIMIT = (EXEC_ELAPSED = '60000ms', ACTION = KILL);
ALTER RESOURCE GROUP \`pr_orders__prod__scans\` RU_PER_SEC = 500 PRIORITY = LOW BURSTABLE = OFF QUERY_LIMIT = (EXEC_ELAPSED = '60000ms', ACTION = KILL);
CREATE RESOURCE GROUP IF NOT EXISTS \`pr_orders__prod__search\` RU_PER_SEC = 2000 PRIORITY = HIGH BURSTABLE;
ALTER RESOURCE GROUP \`pr_orders__prod__search\` RU_PER_SEC = 2000 PRIORITY = HIGH BURSTABLE QUERY_LIMIT = NULL;
`,
    );
  });

  it('are the same text in whatever order the rules come', () => {
    const rules = ['c', 'a', 'b/a', 'b'].map((path) => rule(`orders/${path}`, [ru(5n)]));
    expect(textOf(rules.toReversed())).toBe(textOf(rules));
  });

  it('say a rate of another time in whole units a second, never more', () => {
    expect(groupOf(rule(PROD, [ru(100n, 60_000_000n)])).ruPerSec).toBe(1n);
    expect(groupOf(rule(PROD, [ru(119n, 60_000_000n)])).ruPerSec).toBe(1n);
    expect(groupOf(rule(PROD, [ru(7n, 500_000n)])).ruPerSec).toBe(14n);
  });

  it('hold what is blocked as far as TiDB can: the least rate, no burst, an end to every query', () => {
    const blocked = rule(PROD, [ru('blocked')], { tier: 0, action: 'mark' });
    expect(groupOf(blocked, { ...plain, burstableTiers: [0] })).toMatchObject({
      ruPerSec: 1n,
      isBurstable: false,
      queryLimit: { elapsedMillis: 1_000n, action: 'KILL' },
    });
    expect(rendered([blocked]).notes).toContain('orders/prod: TiDB has no rate of 0');
  });

  it('take a zero that should not be for blocked, never for no limit', () => {
    expect(groupOf(rule(PROD, [ru(0n)]))).toEqual(groupOf(rule(PROD, [ru('blocked')])));
  });

  it('are unlimited where a quota says so, and by no number', () => {
    expect(textOf([rule(PROD, [ru('unlimited')])])).toContain('RU_PER_SEC = UNLIMITED');
    expect(groupOf(rule(PROD, [ru(2n ** 31n - 1n)])).ruPerSec).toBe(RU_PER_SEC_MAX);
    expect(groupOf(rule(PROD, [ru(2n ** 63n - 1n)])).ruPerSec).toBe(RU_PER_SEC_MAX);
  });

  it('never burst but for the tiers that are meant', () => {
    const inTier = (tier: number): boolean =>
      groupOf(rule(PROD, [ru(5n)], { tier }), { ...plain, burstableTiers: [1] }).isBurstable;
    expect([0, 1, 2, 3, 4].map(inTier)).toEqual([false, true, false, false, false]);
    expect(textOf([rule(PROD, [ru(5n)])], { ...plain, burstableOff: 'FALSE' })).toContain(
      'BURSTABLE = FALSE',
    );
  });

  it.each([
    ['refuse', 'KILL'],
    ['delay', 'COOLDOWN'],
    ['degrade', 'COOLDOWN'],
    ['mark', 'DRYRUN'],
  ] as const)('%s a query over its limit by %s', (action, runaway) => {
    const limits = [ru(5n), limit('query-keys', 'capacity', 1_000n)];
    expect(groupOf(rule(PROD, limits, { action }), withQueries).queryLimit).toEqual({
      elapsedMillis: null,
      processedKeys: 1_000n,
      requestUnits: null,
      action: runaway,
    });
  });

  it('end any query of a quota that may process nothing', () => {
    const limits = [ru(5n), limit('query-keys', 'capacity', 'blocked')];
    expect(groupOf(rule(PROD, limits), withQueries).queryLimit?.processedKeys).toBe(1n);
  });

  it('hold nothing of a rule in shadow mode, and log its queries; of one switched off not even that', () => {
    const limits = [ru(5n), limit('query-keys', 'capacity', 1_000n)];
    expect(groupOf(rule(PROD, limits, { mode: 'shadow' }), withQueries)).toMatchObject({
      ruPerSec: 'unlimited',
      queryLimit: { processedKeys: 1_000n, action: 'DRYRUN' },
    });
    expect(groupOf(rule(PROD, limits, { mode: 'off' }), withQueries)).toMatchObject({
      ruPerSec: 'unlimited',
      queryLimit: null,
    });
  });

  it('are none of a quota whose request units nothing limits', () => {
    const text = textOf([rule(PROD, [limit('query-keys', 'capacity', 9n)])], withQueries);
    expect(groupsProblems(text)).toEqual(['There is no group: an empty set is never written.']);
  });

  it('are made without a dispatcher where there is no doubt which resource is meant', () => {
    const of = (...declared: (readonly [name: string, unit: string])[]) => {
      const quotas = [{ rule: rule(PROD, [ru(5n)]), attributes: {}, labels: {} }];
      const rates = declared.map(([name, unit]) => [name, resource(name, 'rate', unit)] as const);
      return tidbFormat({}).render({ application: 'orders', resources: new Map(rates), quotas });
    };
    expect(of(['ru', 'unit'])).toMatchObject({ text: expect.stringContaining('= 5 ') as string });
    expect(of(['ru', 'RU'], ['bytes', 'byte'])).toMatchObject({ kind: 'text' });
    expect(of(['ru', 'unit'], ['bytes', 'byte'])).toMatchObject({ kind: 'refused' });
    expect(of()).toMatchObject({ kind: 'refused' });
  });

  it('are refused for more quotas than groups are kept, before a text is made', () => {
    const rules = Array.from({ length: 2_001 }, (_, index) => rule(`orders/n${index}`, [ru(5n)]));
    expect(tidbFormat(plain).render(setOf(rules))).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringContaining('2000')],
    });
  });

  const bounds = fc.oneof(
    fc.constantFrom('unlimited' as const, 'blocked' as const),
    fc.bigInt(1n, 2n ** 63n - 1n),
    fc.bigInt(1n, 100n),
  );
  const rules = fc.record({
    bound: bounds,
    perMicros: fc.bigInt(1n, 86_400_000_000n),
    keys: bounds,
    seconds: bounds,
    tier: fc.integer({ min: 0, max: 4 }),
    mode: fc.constantFrom('off', 'shadow', 'enforce'),
    action: fc.constantFrom('refuse', 'delay', 'degrade', 'mark'),
  });

  it('never hold less than was meant, and are read back as they were written', () => {
    const settings = { ...withQueries, burstableTiers: [0] };
    fc.assert(
      fc.property(rules, ({ bound, perMicros, keys, seconds, tier, mode, action }) => {
        const limits = [
          ru(bound, perMicros),
          limit('query-keys', 'capacity', keys),
          limit('query-time', 'capacity', seconds),
        ];
        const group = groupOf(rule(PROD, limits, { tier, mode, action }), settings);
        const isMeantUnlimited = bound === 'unlimited' || mode !== 'enforce';
        expect(group.ruPerSec === 'unlimited').toBe(isMeantUnlimited);
        if (typeof group.ruPerSec === 'bigint' && typeof bound === 'bigint') {
          const isLeast = group.ruPerSec === 1n;
          expect(isLeast || group.ruPerSec * perMicros <= bound * 1_000_000n).toBe(true);
        }
        if (mode !== 'enforce' || bound === 'blocked') return;
        const query = group.queryLimit;
        if (typeof keys === 'bigint') expect(query?.processedKeys).toBe(keys);
        if (typeof seconds === 'bigint') {
          expect(query?.elapsedMillis).toBeLessThanOrEqual(seconds * 1_000n);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the check of a text', () => {
  const good = textOf([rule(PROD, [ru(5n)]), rule('orders/test', [ru(6n)])], plain);

  it('takes what was rendered', () => {
    expect(groupsProblems(good)).toEqual([]);
  });

  it.each([
    ['nothing', (): string => ''],
    ['no groups', (): string => textOf([])],
    ['half a text', (text: string): string => text.split('\n').slice(0, 2).join('\n')],
    ['a statement more', (text: string): string => `${text}DROP RESOURCE GROUP \`default\`;\n`],
    ['two statements in a line', (text: string): string => text.replace('OFF ', 'OFF; DROP ')],
    ['another rate in one of the two', (text: string): string => text.replace('= 5', '= 50')],
    ['a rate of 0', (text: string): string => text.replaceAll('= 5 ', '= 0 ')],
    [
      'the number by which TiDB means no limit',
      (text: string) => text.replaceAll('= 5 ', '= 2147483647 '),
    ],
    ["somebody else's group", (text: string): string => text.replaceAll('pr_orders__prod', 'prod')],
    [
      'a group of TiDB itself',
      (text: string): string => text.replaceAll('pr_orders__prod', 'default'),
    ],
    ['a group twice', (text: string): string => text.replaceAll('orders__test', 'orders__prod')],
    ['a longer name', (text: string): string => text.replaceAll('__test', `__${'t'.repeat(30)}`)],
    ['another prefix', (text: string): string => text.replace('with pr_orders__', 'with pr')],
    ['a quote in a name', (text: string): string => text.replaceAll('__test', '__te``st')],
  ])('refuses %s', (_, changed) => {
    expect(changed(good)).not.toBe(good);
    expect(groupsProblems(changed(good))).not.toEqual([]);
  });
});
