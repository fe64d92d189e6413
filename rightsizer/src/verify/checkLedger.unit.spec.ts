import type { Price } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { LedgerGround } from '../ledger/ledger.ts';
import { groundOf, useAt } from '../ledger/testing/ledgerGround.ts';
import { MemoryUses } from '../ledger/testing/memoryUses.ts';
import { checkLedger } from './checkLedger.ts';

const DAY = 86_400_000_000n;
const price: Price = {
  application: 'llm',
  resource: 'tokens',
  amount: '0.7',
  perUnits: 3n,
  effectiveFrom: 0n,
  unit: '',
  steps: [{ fromUnits: 12n, amount: '0.5' }],
  basis: 'used',
};

/** Three days of usage, over a step, with a second resource that has no price. */
async function linesOfThree(): Promise<ChargeLine[]> {
  const source = new MemoryUses([
    useAt({ used: 10n, at: DAY }),
    useAt({ used: 7n, at: 2n * DAY }),
    useAt({ used: 5n, at: 3n * DAY, resource: 'requests' }),
  ]);
  return linesOf(groundOf({ prices: [price] }), source);
}

async function linesOf(ground: LedgerGround, source: MemoryUses): Promise<ChargeLine[]> {
  const lines: ChargeLine[] = [];
  const asked = {
    scope: { organization: 'acme', project: null },
    priceBook: 'list',
    window: { start: 0n, end: 28n * DAY },
    usage: { positions: null, loggedBefore: null },
    decidedBy: null,
    at: 28n * DAY,
  };
  for await (const line of new Ledger(ground).lines(source, asked)) lines.push(line);
  return lines;
}

const used = new Map([
  ['acme/search llm tokens', 17n],
  ['acme/search llm requests', 5n],
]);

async function* given(lines: readonly ChargeLine[]): AsyncGenerator<ChargeLine> {
  for (const line of lines) yield await Promise.resolve(line);
}

const check = (lines: readonly ChargeLine[], sums = used) =>
  checkLedger('the ledger', given(lines), sums);

describe('a ledger beside the table', () => {
  it('is usage times price', async () => {
    const lines = await linesOfThree();
    // 12 at 0.7 for 3, and 5 at 0.5 for 3.
    expect(await check(lines)).toEqual({ lines: 3, cost: '3.633333333333', difference: null });
  });

  it('is right where a price that asks for what is reserved changes within a day', async () => {
    const [first, second] = [0n, DAY / 2n].map((effectiveFrom) => ({
      ...price,
      steps: [],
      effectiveFrom,
      basis: 'greater_of_reserved_and_used' as const,
    }));
    const source = new MemoryUses([
      useAt({ used: 30n, at: DAY / 4n }),
      useAt({ used: 100_000n, at: (3n * DAY) / 4n }),
    ]);
    const spans = [{ from: 0n, to: DAY, amount: 1n }];
    const reserved = { project: 'acme/search', resource: 'tokens', quotaId: 'llm/chat', spans };
    const lines = await linesOf(groundOf({ prices: [first!, second!], held: [reserved] }), source);
    expect(lines.map(({ charged }) => charged)).toEqual([43_200n, 56_830n]);
    expect(
      (await check(lines, new Map([['acme/search llm tokens', 100_030n]]))).difference,
    ).toBeNull();
  });

  it.each<[string, (lines: ChargeLine[]) => void]>([
    ['a line lost', (lines) => lines.splice(0, 1)],
    ['a line doubled', (lines) => lines.push(...lines.slice(0, 1))],
    ['units changed', (lines) => changeFirst(lines, { used: 11n, charged: 11n })],
    ['money changed', (lines) => changeFirst(lines, { cost: '2.333333333335' })],
    ['another price', (lines) => changeFirst(lines, { price: { ...price, amount: '0.8' } })],
    ['money without a price', (lines) => changeFirst(lines, { price: null })],
    ['more charged than used', (lines) => changeFirst(lines, { charged: 20n })],
  ])('is off by %s', async (_what, damage) => {
    const lines = [...(await linesOfThree())];
    damage(lines);
    expect((await check(lines)).difference).toMatchObject({
      code: 'LEDGER_OFF',
      place: 'the ledger',
    });
  });

  it('is off by usage of the table that no line has', async () => {
    const more = new Map([...used, ['acme/other llm tokens', 1n]]);
    expect((await check(await linesOfThree(), more)).difference?.detail).toBe(
      'acme/other llm tokens: the lines have 0 used, and the table 1',
    );
  });
});

function changeFirst(lines: ChargeLine[], changes: Partial<ChargeLine>): void {
  const index = lines.findIndex(({ resource }) => resource === 'tokens');
  const line = lines[index];
  if (line !== undefined) lines[index] = { ...line, ...changes };
}
