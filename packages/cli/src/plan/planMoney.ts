import type { Declaration } from '../file/declaration.ts';
import type { Json } from './json.ts';
import type { Live } from './liveState.ts';
import type { PlannedCommand } from './plan.ts';
import { planDefinition } from './planDefinition.ts';

/** What money is counted and cut by; each a stream of its own, of which there is always a next version. */
export interface LiveMoney {
  readonly priceBooks: ReadonlyMap<string, Live<Json>>;
  readonly tierPolicies: ReadonlyMap<string, Live<Json>>;
}

/** Price books and tier policies: before the budgets that name them. There is no end to either. */
export function planMoney(
  { priceBooks, tierPolicies }: Pick<Declaration, 'priceBooks' | 'tierPolicies'>,
  live: LiveMoney,
): readonly PlannedCommand[] {
  return [
    ...[...priceBooks].flatMap(([id, each]) => {
      const command = { type: 'DefinePriceBook', stream: `pricebook:${id}` } as const;
      return planDefinition(command, 'price book', id, each, live.priceBooks.get(id) ?? null);
    }),
    ...[...tierPolicies].flatMap(([id, each]) => {
      const command = { type: 'PublishTierPolicy', stream: `tierpolicy:${id}` } as const;
      return planDefinition(command, 'tier policy', id, each, live.tierPolicies.get(id) ?? null);
    }),
  ];
}
