import { decimalOf, picosOf } from '@prorata/quota-model';
import type { IdleRule, Price, SharedCost } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { ChargeLine } from './chargeLine.ts';
import { Ledger } from './ledger.ts';
import type { LedgerAsked } from './ledger.ts';
import type { Closing, CreditFact } from './ledgerFacts.ts';
import { splitCost } from './splitCost.ts';
import { groundOf, useAt } from './testing/ledgerGround.ts';
import type { GroundTerms, TestUse } from './testing/ledgerGround.ts';
import { MemoryUses, SOURCE } from './testing/memoryUses.ts';

const utc = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n;
const hour = 3_600_000_000n;
const january = { start: utc('2026-01-01T00:00:00Z'), end: utc('2026-02-01T00:00:00Z') };
const february = { start: january.end, end: utc('2026-03-01T00:00:00Z') };
const day = (date: number): bigint => january.start + BigInt(date - 1) * 24n * hour;
const later = utc('2026-06-01T00:00:00Z');

const price = (changes: Partial<Price> = {}): Price => ({
  application: 'llm',
  resource: 'tokens',
  amount: '1',
  perUnits: 1_000n,
  effectiveFrom: 0n,
  unit: '',
  steps: [],
  basis: 'used',
  ...changes,
});

async function lines(
  terms: GroundTerms,
  uses: readonly TestUse[],
  changes: Partial<LedgerAsked> = {},
): Promise<ChargeLine[]> {
  const asked = {
    scope: { organization: 'acme', project: null },
    priceBook: 'list',
    window: january,
    usage: { positions: null, loggedBefore: null },
    decidedBy: null,
    at: later,
    ...changes,
  };
  const all: ChargeLine[] = [];
  const source = new MemoryUses(uses.map(useAt));
  for await (const line of new Ledger(groundOf(terms)).lines(source, asked)) all.push(line);
  return all;
}

const costs = (all: readonly ChargeLine[]): (string | null)[] => all.map(({ cost }) => cost);
const sum = (all: readonly ChargeLine[]): string =>
  decimalOf(all.reduce((total, { cost }) => total + picosOf(cost ?? '0'), 0n));

describe('lines of usage', () => {
  it("are one a project, quota, resource and day, in the book's time zone", async () => {
    const book = { timeZone: 'America/New_York' };
    const all = await lines(
      { book, prices: [price()] },
      [
        { used: 1_000n, at: utc('2026-01-03T04:59:59Z') },
        { used: 500n, at: utc('2026-01-02T05:00:00Z') },
        { used: 2_000n, at: utc('2026-01-03T05:00:00Z') },
      ],
      { window: { start: day(2), end: day(20) } },
    );
    expect(all.map(({ charge, used, cost }) => [charge.start, used, cost])).toEqual([
      [utc('2026-01-02T05:00:00Z'), 1_500n, '1.5'],
      [utc('2026-01-03T05:00:00Z'), 2_000n, '2'],
    ]);
  });

  it('are split where a price changes within the day', async () => {
    const noon = day(5) + 12n * hour;
    const prices = [price(), price({ amount: '3', effectiveFrom: noon })];
    const all = await lines({ prices }, [
      { used: 1_000n, at: noon - 1n },
      { used: 1_000n, at: noon },
    ]);
    expect(all.map(({ charge, cost }) => [charge.start, charge.end, cost])).toEqual([
      [day(5), noon, '1'],
      [noon, day(6), '3'],
    ]);
  });

  it('count graduated steps over the month, for each project and resource', async () => {
    const steps = [
      { fromUnits: 10_000n, amount: '0.5' },
      { fromUnits: 30_000n, amount: '0.1' },
    ];
    const all = await lines({ prices: [price({ steps })] }, [
      { used: 8_000n, at: day(1) },
      { used: 4_000n, at: day(2), quotaId: 'llm/a' },
      { used: 30_000n, at: day(2), quotaId: 'llm/b' },
      { used: 8_000n, at: day(2), project: 'acme/ads' },
    ]);
    expect(all.map(({ project, quotaId, cost }) => [project, quotaId, cost])).toEqual([
      ['acme/ads', 'llm/chat', '8'],
      ['acme/search', 'llm/chat', '8'],
      // 2,000 at 1 and 2,000 at 0.5, then 18,000 at 0.5 and 12,000 at 0.1, per thousand.
      ['acme/search', 'llm/a', '3'],
      ['acme/search', 'llm/b', '10.2'],
    ]);
    const next = await lines(
      { prices: [price({ steps })] },
      [{ used: 8_000n, at: february.start }],
      {
        window: february,
      },
    );
    expect(costs(next)).toEqual(['8']);
  });

  it('name usage that nobody pays for, or that has no price, and drop neither', async () => {
    const uses = [
      { used: 7n, project: null },
      { used: 5n, resource: 'images' },
    ].map((use) => ({ ...use, at: day(3) }));
    const nobody = { scope: { organization: null, project: null } };
    expect(await lines({ prices: [price()] }, uses, nobody)).toMatchObject([
      { organization: null, project: null, used: 7n, cost: '0.007' },
    ]);
    expect(await lines({ prices: [price()] }, uses)).toMatchObject([
      { project: 'acme/search', resource: 'images', used: 5n, price: null, cost: null },
    ]);
  });
});

describe('the greater of what is reserved and used', () => {
  const vcpu = price({ resource: 'vcpu', perUnits: 3_600n, basis: 'greater_of_reserved_and_used' });
  const held = [
    {
      project: 'acme/search',
      resource: 'vcpu',
      quotaId: 'llm/chat',
      spans: [{ amount: 2n, from: day(1) + 12n * hour, to: day(3) }],
    },
  ];
  const use = (hours: bigint, at: bigint): TestUse => ({
    used: hours * 3_600n,
    at,
    resource: 'vcpu',
  });

  it('is charged by the day, also where nothing is used', async () => {
    const all = await lines({ prices: [vcpu], held }, [use(30n, day(2)), use(60n, day(2) + hour)]);
    expect(
      all.map(({ charge, used, reserved, cost }) => [charge.start, used, reserved, cost]),
    ).toEqual([
      [day(1), 0n, 24n * 3_600n, '24'],
      [day(2), 90n * 3_600n, 48n * 3_600n, '90'],
    ]);
  });

  it('comes to the same however the day is cut', async () => {
    const uses = [use(30n, day(2)), use(60n, day(2) + 20n * hour)];
    const cut = day(2) + 18n * hour;
    const parts = await Promise.all(
      [
        { start: day(2), end: cut },
        { start: cut, end: day(3) },
      ].map((window) => lines({ prices: [vcpu], held }, uses, { window })),
    );
    // 36 reserved by then and 30 used; at the day's end 90 used.
    expect(parts.map(sum)).toEqual(['36', '54']);
  });

  it('is not charged for what is to come', async () => {
    const at = day(2) + 6n * hour;
    expect(sum(await lines({ prices: [vcpu], held }, [], { at }))).toBe('36');
  });
});

describe('shared and idle cost', () => {
  const shared = (changes: Partial<SharedCost> = {}): SharedCost => ({
    name: 'platform',
    organization: 'acme',
    application: null,
    amountPerMonth: '100',
    effectiveFrom: 0n,
    split: 'proportional',
    weights: [],
    ...changes,
  });
  const uses = [
    { used: 1_000n, at: day(1), project: 'acme/ads' },
    { used: 2_000n, at: day(1) },
    { used: 5_000n, at: day(2) },
  ];
  const of = (all: readonly ChargeLine[], category: string): ChargeLine[] =>
    all.filter((line) => line.category === category);

  it("are divided by the day, and the parts sum to the month's amount", async () => {
    const terms = { prices: [price()], book: { sharedCosts: [shared()] } };
    const all = of(await lines(terms, uses), 'shared');
    expect(sum(all)).toBe('100');
    expect(all.slice(0, 4).map(({ project, cost }) => [project, cost])).toEqual([
      // A day is 3.225806451613; of it a third and two thirds.
      ['acme/ads', '1.075268817204'],
      ['acme/search', '2.150537634409'],
      ['acme/search', '3.225806451613'],
      [null, '3.225806451613'],
    ]);
    // A project's budget sees its own part.
    const scope = { organization: 'acme', project: 'acme/ads' };
    expect(costs(of(await lines(terms, uses, { scope }), 'shared'))).toEqual(['1.075268817204']);
  });

  it.each([
    ['even', [], ['1.612903225807', '1.612903225806']],
    [
      'weights',
      [
        { project: 'acme/ads', weight: 3n },
        { project: 'acme/search', weight: 1n },
      ],
      ['2.41935483871', '0.806451612903'],
    ],
    ['kept', [], ['3.225806451613']],
  ] as const)('are split %s', async (split, weights, expected) => {
    const terms = { prices: [price()], book: { sharedCosts: [shared({ split, weights })] } };
    const all = of(await lines(terms, uses), 'shared');
    const first = all.filter(({ charge }) => charge.start === day(1));
    expect(costs(first)).toEqual(expected);
  });

  it('charge what stood ready and nobody was charged for', async () => {
    const rule: IdleRule = {
      organization: 'acme',
      application: 'llm',
      resource: 'vcpu',
      supply: 'declared_total',
      effectiveFrom: 0n,
      split: 'kept',
      weights: [],
    };
    const terms = {
      prices: [price({ resource: 'vcpu', perUnits: 3_600n })],
      book: { idle: [rule] },
      supply: [{ amount: 10n, from: day(1), to: day(3) }],
    };
    const used = [
      { used: 40n * 3_600n, at: day(1), resource: 'vcpu' },
      // Another organization's is not idle either.
      { used: 100n * 3_600n, at: day(1), resource: 'vcpu', project: 'zeta/lab' },
    ];
    const all = await lines(terms, used);
    expect(all.map(({ category, project, cost }) => [category, project, cost])).toEqual([
      ['usage', 'acme/search', '40'],
      ['idle', null, '100'],
      ['idle', null, '240'],
    ]);
  });
});

describe('splitCost', () => {
  it('gives what is left over to the largest remainders, then to the first names', () => {
    const weights = { c: 1n, b: 1n, a: 1n };
    const shares = Object.entries(weights).map(([name, weight]) => ({ name, weight }));
    expect([...splitCost(11n, shares)].sort()).toEqual([
      ['a', 4n],
      ['b', 4n],
      ['c', 3n],
    ]);
    expect(splitCost(11n, [{ name: 'a', weight: 0n }]).size).toBe(0);
  });
});

describe('a closed period', () => {
  const closedAt = february.start + 72n * hour;
  const closing = (changes: Partial<Closing> = {}): Closing => ({
    ...january,
    priceBook: 'list',
    priceBookVersion: 1n,
    organizationVersion: 5n,
    positions: new Map([[`${SOURCE}/0`, 100n]]),
    lines: 0n,
    total: '0',
    closedAt,
    ...changes,
  });
  const known = { used: 9_000n, at: day(3), offset: 99n };
  const late = { used: 2_000n, at: day(3), offset: 100n, loggedAt: closedAt + 5n * hour };
  const steps = [{ fromUnits: 10_000n, amount: '0.5' }];
  const terms = { prices: [price({ steps })], closings: [closing()] };

  it('keeps its lines, and has what came later in lines of correction', async () => {
    expect(costs(await lines(terms, [known, late]))).toEqual(['9']);
    const found = await lines(terms, [known, late], { window: february });
    expect(found).toMatchObject([
      {
        correction: true,
        billing: february,
        charge: { start: day(3), end: day(4) },
        datedAt: closedAt,
        used: 2_000n,
        cost: '1.5',
      },
    ]);
  });

  it('dates what is found on a later day by that day', async () => {
    const next = { ...late, offset: 101n, loggedAt: closedAt + 30n * hour };
    const found = await lines(terms, [known, late, next], { window: february });
    const days = found.map(({ datedAt, cost }) => [datedAt, cost]);
    expect(days).toEqual([
      [closedAt, '1.5'],
      [closedAt + 24n * hour, '1'],
    ]);
  });

  it('corrects by a price that is published later and holds from before', async () => {
    const decidedAt = closedAt + 50n * hour;
    const dearer = groundOf({ prices: [price({ amount: '2', steps })] });
    const laterBooks = [{ ...dearer.bookVersions('list')[0]!, version: 2n, decidedAt }];
    const found = await lines({ ...terms, laterBooks }, [known], { window: february });
    expect(found.map(({ datedAt, used, cost }) => [datedAt, used, cost])).toEqual([
      [decidedAt, 0n, '9'],
    ]);
    expect(costs(await lines({ ...terms, laterBooks }, [known]))).toEqual(['9']);
  });

  it('has credits that it did not know as corrections, and those taken back later', async () => {
    const credit = (creditId: string, version: bigint, withdrawn: bigint | null): CreditFact => ({
      creditId,
      project: 'acme/search',
      priceBook: 'list',
      amount: '3',
      currency: 'USD',
      at: day(9),
      granted: { version, at: closedAt + version * hour },
      withdrawn:
        withdrawn === null ? null : { version: withdrawn, at: closedAt + withdrawn * hour },
    });
    const credits = [credit('known', 4n, 8n), credit('late', 6n, null), credit('undone', 2n, 5n)];
    const open = { window: { start: january.start, end: february.end } };
    const all = await lines({ ...terms, credits }, [], open);
    expect(
      all.map(({ name, correction, datedAt, cost }) => [name, correction, datedAt, cost]),
    ).toEqual([
      ['known', false, day(9), '-3'],
      ['late', true, closedAt + 6n * hour, '-3'],
      ['known', true, closedAt + 8n * hour, '3'],
    ]);
  });

  it('is not there yet for whoever knows less usage than it did', async () => {
    const { positions } = closing();
    const [[place, next]] = [...positions] as [[string, bigint]];
    const usage = { positions: new Map([[place, next - 1n]]), loggedBefore: null };
    const decidedAt = closedAt + 2n * hour;
    const dearer = { ...groundOf({ prices: [price({ amount: '2' })] }).bookVersions('list')[0]! };
    const laterBooks = [{ ...dearer, version: 2n, decidedAt }];
    const known = useAt({ used: 3_000n, at: day(2), offset: next - 2n });
    const ask = (what: Partial<Parameters<typeof lines>[2]>) =>
      lines({ ...terms, laterBooks }, [known], { ...what });
    expect(costs(await ask({ usage }))).toEqual(['6']);
    expect(costs(await ask({ usage: { ...usage, positions } }))).toEqual(['3']);
  });

  it('lists a credit of another currency, and adds it to no sum', async () => {
    const credit: CreditFact = {
      creditId: 'euros',
      project: null,
      priceBook: 'list',
      amount: '3',
      currency: 'EUR',
      at: day(9),
      granted: { version: 1n, at: day(8) },
      withdrawn: null,
    };
    const [line] = await lines({ credits: [credit] }, []);
    expect(line).toMatchObject({ name: 'euros', currency: 'USD', cost: null });
  });
});
