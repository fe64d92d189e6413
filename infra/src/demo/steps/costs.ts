import { decimalOf, picosOf } from '@prorata/quota-model';
import { eventually } from '../measures.ts';
import type { DemoContext } from '../context.ts';
import { budgetId, organization, projects } from '../scenario.ts';
import type { Step, StepResult } from '../timeline.ts';
import { longOf } from './limits.ts';

/** The last usage is in the table some seconds after the traffic has ended. */
const SETTLED_MS = 60_000;

interface CostLine {
  readonly used: unknown;
  readonly price: { readonly amount: string; readonly perUnits: unknown };
  readonly cost: string;
}

interface Costs {
  readonly currency: string;
  readonly total: { readonly cost: string; readonly lines: number };
  readonly lines: readonly CostLine[];
}

/** What the project is charged in the budget's window: lines, their sum, what the budget saw, usage × price. */
export const costs: Step<DemoContext> = {
  key: 'costs',
  title: 'the ledger adds up: its lines are usage × price, and what the budget saw',
  async run({ client }): Promise<StepResult> {
    const asked = await eventually(
      'a ledger that knows what the budget saw',
      SETTLED_MS,
      async () => {
        const budget = await client.read(`/v1/budgets/${organization}/${budgetId}/spend`);
        const window = budget?.['window'] as { start: string; end: string } | null | undefined;
        if (!budget || !window) return undefined;
        const query = new URLSearchParams({
          ...{ organization, project: projects.conv, limit: '5000' },
          ...{ from: window.start, to: window.end },
        });
        const ledger = (await client.read(`/v1/costs?${query.toString()}`)) as Costs | undefined;
        return ledger?.total.cost === budget['spend'] ? ledger : undefined;
      },
    );
    const { total, lines, currency } = asked;
    const sum = decimalOf(lines.reduce((picos, { cost }) => picos + picosOf(cost), 0n));
    const product = usageTimesPrice(lines);
    return {
      held: lines.length > 0 && sum === total.cost && product === total.cost,
      lines: [
        `${lines.length} lines come to ${sum} ${currency}; usage × price is ${product} ${currency}, and so much the budget saw`,
      ],
      figures: { lines: lines.length, cost: sum, usageTimesPrice: product },
    };
  },
};

/** Over one denominator, and rounded once. */
function usageTimesPrice(lines: readonly CostLine[]): string {
  const denominator = lines.reduce((product, { price }) => {
    const units = longOf(price.perUnits);
    return product % units === 0n ? product : product * units;
  }, 1n);
  const exact = lines.reduce(
    (sum, { used, price }) =>
      sum + (longOf(used) * picosOf(price.amount) * denominator) / longOf(price.perUnits),
    0n,
  );
  return decimalOf((2n * exact + denominator) / (2n * denominator));
}
