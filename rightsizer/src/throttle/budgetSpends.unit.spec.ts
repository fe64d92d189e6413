import * as fc from 'fast-check';
import { decimalOf, picosOf } from '@prorata/quota-model';
import type { BudgetState, OrganizationState } from '@prorata/quota-model';
import { TestStream } from '@prorata/quota-model/testing';
import type { BudgetWindow, DefineBudget, SharedCost } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../ledger/ledger.ts';
import type { LedgerGround, LedgerQuestion } from '../ledger/ledger.ts';
import type { LedgerScope } from '../ledger/monthTerms.ts';
import { SharedLedger } from '../ledger/sharedLedger.ts';
import { groundOf } from '../ledger/testing/ledgerGround.ts';
import { MemoryUses } from '../ledger/testing/memoryUses.ts';
import type { MemoryRow } from '../ledger/testing/memoryUses.ts';
import type { UsageSource, UsesAsked } from '../ledger/usageSource.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import { budgetSpends, spendKey } from './budgetSpends.ts';
import type { SpendAsked, SpendLedger } from './budgetSpends.ts';
import { windowAt } from './budgetWindows.ts';
import { holdersOf } from './holdings.ts';
import type { Spend } from './spend.ts';

const utc = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n;
const now = utc('2026-03-20T10:00:00Z');
const since = utc('2026-01-20T00:00:00Z');
const organizations = ['acme', 'acme-b', 'zeta'];
const price = (resource: string, amount: string) => ({
  ...{ application: 'moka', resource, amount, perUnits: 7n, effectiveFrom: 0n },
  ...{ unit: '', steps: [], basis: 'used' as const },
});
const cleaning: SharedCost = {
  organization: 'acme',
  name: 'support',
  application: null,
  amountPerMonth: '31',
  split: 'proportional',
  weights: [],
  effectiveFrom: 0n,
};
const ground = groundOf({
  prices: [price('tokens', '0.35'), price('calls', '1.1')],
  book: { timeZone: 'Europe/Berlin', sharedCosts: [cleaning] },
});
const windows: readonly BudgetWindow[] = [
  {
    kind: 'calendar_month',
    timeZone: 'America/New_York',
    lengthMicros: null,
    anchor: null,
    count: 1,
  },
  { kind: 'calendar_day', timeZone: 'UTC', lengthMicros: null, anchor: null, count: 7 },
  { kind: 'calendar_month', timeZone: 'Europe/Berlin', lengthMicros: null, anchor: null, count: 3 },
  { kind: 'fixed', timeZone: 'UTC', lengthMicros: 5_000_000_000n, anchor: 1_234n, count: 1 },
];

/** Two teams, one in the other, a project in each, and one in none. */
function treeOf(organization: string, budgets: readonly Omit<DefineBudget, 'envelope'>[]) {
  const stream = new TestStream(`organization:${organization}`);
  const named = { owner: 'leads', displayName: organization };
  const say = (type: string, data: object): void => {
    const body = { type, data: { ...named, ...data } } as Parameters<TestStream['send']>[0];
    stream.send(body, { roles: ['admin'] });
  };
  say('RegisterOrganization', {});
  say('DefineTeam', { teamId: 'web', parent: null });
  say('DefineTeam', { teamId: 'search', parent: 'web' });
  for (const [project, team] of [
    ['ads', 'web'],
    ['find', 'search'],
    ['lab', null],
  ] as const) {
    say('DefineProject', { project: `${organization}/${project}`, team });
  }
  for (const budget of budgets) say('DefineBudget', budget);
  return stream.state as OrganizationState;
}

const budgetOf = (organization: string) =>
  fc
    .record({
      holder: fc.constantFrom('', 'web', 'search', 'ads', 'find', 'lab', 'unheard-of'),
      window: fc.constantFrom(...windows),
    })
    .map(({ holder, window }): Omit<DefineBudget, 'envelope' | 'budgetId'> => ({
      project: ['', 'web', 'search'].includes(holder) ? '' : `${organization}/${holder}`,
      team: ['web', 'search'].includes(holder) ? holder : null,
      ...{ amount: '0', currency: 'USD', window, priceBook: 'list', tierPolicy: 'standard' },
      ...{ mode: 'enforce', thresholds: [], split: [] },
    }));
const treeWith = (organization: string) =>
  fc.array(budgetOf(organization), { maxLength: 5 }).map((budgets) =>
    treeOf(
      organization,
      budgets.map((budget, index) => ({ budgetId: `budget-${index}`, ...budget })),
    ),
  );
const rowsOf = fc.array(
  fc.record({
    organization: fc.constantFrom(...organizations),
    project: fc.constantFrom('ads', 'find', 'lab', 'unheard-of'),
    resource: fc.constantFrom('tokens', 'calls'),
    used: fc.bigInt({ min: 1n, max: 10n ** 12n }),
    windowStart: fc.bigInt({ min: since, max: now }),
  }),
  { maxLength: 30 },
);

/** Says how often everybody's usage was read. */
class CountedUses extends MemoryUses {
  reads = 0;

  override uses(asked: UsesAsked): ReturnType<MemoryUses['uses']> {
    this.reads += 1;
    return super.uses(asked);
  }
}

function ledgerOver(source: UsageSource): { ledger: SpendLedger; lines: Ledger['lines'] } {
  const ledger = new Ledger(ground);
  const usage = { positions: null, loggedBefore: null };
  const lines = (from: UsageSource, question: LedgerQuestion) =>
    ledger.lines(from, { usage, decidedBy: null, ...question });
  return {
    lines: (from, question) => ledger.lines(from, question),
    ledger: {
      book: (id, decidedBy) => (id === 'list' ? ground.book(id, decidedBy) : null),
      closedUntil: () => null,
      sharing: () => new SharedLedger(source, lines),
    },
  };
}

const version = {} as TableVersion;
const memoryRow = (
  {
    organization,
    project,
    ...row
  }: { organization: string; project: string } & Pick<
    MemoryRow,
    'resource' | 'used' | 'windowStart'
  >,
  index: number,
): MemoryRow => ({
  ...row,
  project: `${organization}/${project}`,
  application: 'moka',
  quotaId: `moka/${organization}/${project}`,
  loggedAt: row.windowStart,
  partition: 0,
  offset: BigInt(index),
});

/** The same, of one budget alone: what its project's own ledger says, or the organization's, project by project. */
async function alone(
  source: UsageSource,
  facts: LedgerGround,
  { state, budget, window }: SpendAsked,
): Promise<string> {
  const project = budget.project === '' ? null : budget.project;
  const scope: LedgerScope = { organization: state.id, project };
  const usage = { positions: null, loggedBefore: null };
  let picos = 0n;
  for await (const line of new Ledger(facts).lines(source, {
    ...{ scope, priceBook: 'list', window, usage, decidedBy: null, at: now },
  })) {
    const holders = line.project === null ? [''] : holdersOf(state, line.project);
    const counts =
      project !== null || budget.team === null || holders.includes(`team ${budget.team}`);
    if (counts && line.cost !== null) picos += picosOf(line.cost);
  }
  return decimalOf(picos);
}

describe('budgetSpends', () => {
  it('is what the ledger says of each budget alone, whatever is summed beside it, and adds up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(...organizations.map(treeWith)), rowsOf, async (trees, rows) => {
        const uses = new MemoryUses(rows.map(memoryRow));
        const asked = trees.flatMap((state) =>
          [...state.budgets.values()].map((budget): SpendAsked => {
            return { state, budget, window: windowAt(budget.window, now)! };
          }),
        );
        const spends = await budgetSpends(ledgerOver(uses).ledger, version, asked, now);
        expect(spends.size).toBe(asked.length);
        for (const each of asked) {
          const spend = spends.get(spendKey(each.state.id, each.budget.budgetId)) as Spend;
          expect(spend.differs).toBeNull();
          expect(spend.total).toBe(await alone(uses, ground, each));
          const days = spend.days.reduce((sum, { money }) => sum + picosOf(money), 0n);
          expect(decimalOf(days)).toBe(spend.total);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('reads usage once for all organizations and budgets of a month, and once to hold the lines against', async () => {
    const uses = new CountedUses([]);
    const [window] = windows;
    const asked = Array.from({ length: 300 }, (_, index): SpendAsked => {
      const state = treeOf(`org-${index}`, []);
      const terms = { project: '', team: null, amount: '1', currency: 'USD', window: window! };
      const budget = { ...terms, budgetId: 'all', priceBook: 'list' } as unknown as BudgetState;
      return { state, budget, window: windowAt(window!, now)! };
    });
    await budgetSpends(ledgerOver(uses).ledger, version, asked, now);
    // The window reaches into a second month of the book.
    expect(uses.reads).toBe(3);
  });

  it('tells of lines that do not add up to what the table has', async () => {
    const rows = [
      { organization: 'acme', project: 'ads', resource: 'tokens', used: 5n, windowStart: now },
    ];
    const uses = new MemoryUses(rows.map(memoryRow));
    const { ledger } = ledgerOver(uses);
    const lossy: SpendLedger = {
      ...ledger,
      sharing: () => {
        const shared = ledger.sharing(version);
        const used = () => Promise.resolve(new Map([['acme', [6n]]]));
        return Object.assign(Object.create(shared) as SharedLedger, {
          used,
          linesOfOne: (question: LedgerQuestion) => shared.linesOfOne(question),
          close: () => shared.close(),
        });
      },
    };
    const budget = {
      budgetId: 'ads',
      project: 'acme/ads',
      team: null,
      window: windows[3],
      priceBook: 'list',
    };
    const state = treeOf('acme', []);
    const window = { start: now - 1n, end: now + 1n };
    const asked = [{ state, budget: budget as unknown as BudgetState, window }];
    const spends = await budgetSpends(lossy, version, asked, now);
    expect(spends.get('acme ads')).toMatchObject({
      differs: 'the lines have 5 used, and the table 6',
    });
  });

  it('has nothing by a price book that is not there, and says what is wrong where lines cannot be made', async () => {
    const uses = new MemoryUses([]);
    const state = treeOf('acme', []);
    const terms = { project: 'acme/ads', team: null, window: windows[0] };
    const of = (budgetId: string, priceBook: string): SpendAsked => ({
      state,
      budget: { ...terms, budgetId, priceBook } as unknown as BudgetState,
      window: windowAt(windows[0]!, now)!,
    });
    const { ledger } = ledgerOver(uses);
    const broken: SpendLedger = {
      ...ledger,
      sharing: () =>
        ({
          used: () => Promise.resolve(new Map()),
          close: () => Promise.resolve(),
          linesOfOne: () => {
            throw new RangeError('no such zone');
          },
        }) as unknown as SharedLedger,
    };
    expect((await budgetSpends(ledger, version, [of('a', 'none')], now)).size).toBe(0);
    const spends = await budgetSpends(broken, version, [of('a', 'list')], now);
    expect(spends.get('acme a')).toHaveProperty('error');
  });
});
