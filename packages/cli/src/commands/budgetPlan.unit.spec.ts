import { describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { budgetPlan, budgetPlanLines } from './budgetPlan.ts';

const share = {
  application: 'moka',
  resource: 'tokens',
  money: '60',
  buys: 120,
  allocated: { amount: 170, budgetId: 'month', isPending: false },
  held: 170,
  over: 50,
  doesNotFit: [{ quotaId: 'moka/late', tier: 4, cutPriority: 9, holds: 40, over: 40 }],
  doesNotFitMore: 2,
  step: 'does_not_fit',
  fault: null,
};
const plan = {
  budget: 'month',
  project: 'acme/search',
  amount: '120',
  amountInForce: '200',
  currency: 'EUR',
  mode: 'enforce',
  handedOut: '150',
  beyond: '30',
  shares: [share],
};

describe('budget plan', () => {
  it('shows what the money buys, and what no longer fits', () => {
    const text = budgetPlanLines(plan).join('\n');
    for (const part of [
      'month of acme/search: 120 EUR if it were (it is 200)',
      /tokens +60 +120 +170 +170 +does not fit/,
      '150 is handed out: 30 more than that',
      'tokens of moka: 50 too much; nothing is taken.',
      /moka\/late +4 +9 +40 +40/,
      'and 2 more',
    ]) {
      expect(text).toMatch(part);
    }
  });

  it('says of a dry run, and of a budget without a split, that nothing is handed out', () => {
    const lines = budgetPlanLines({ ...plan, mode: 'dry_run', beyond: '0', shares: [] });
    expect(lines.slice(1)).toEqual([
      'It has no split: nothing is handed out by itself.',
      expect.stringContaining('It only rehearses') as string,
    ]);
  });

  it('names why a share cannot be planned', () => {
    const unknown = { ...share, buys: null, fault: 'PRICE_MISSING', doesNotFit: [] };
    expect(budgetPlanLines({ ...plan, shares: [unknown] }).join('\n')).toContain('PRICE_MISSING');
  });

  it.each(['acme', 'acme/', '/month', 'acme/month/more'])(
    'takes a budget by its organization and name, unlike %j',
    async (id) => {
      await expect(budgetPlan(id, { output: 'table' })).rejects.toMatchObject({ exitCode: 2 });
    },
  );

  it('has its own options beside those of budget', () => {
    const budget = createProgram(() => undefined).commands.find((each) => each.name() === 'budget');
    expect(budget?.commands.map((each) => each.name())).toContain('plan');
  });
});
