import type { CommandMessage } from '@prorata/schemas';
import type { Declaration, Declared } from '../file/declaration.ts';
import { differencesOf, fieldsOf } from './differences.ts';
import type { Json } from './json.ts';
import type { Live } from './liveState.ts';
import type { PlannedCommand, ThingKind } from './plan.ts';

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
  const book = { what: 'price book', type: 'DefinePriceBook', stream: 'pricebook' } as const;
  const policy = { what: 'tier policy', type: 'PublishTierPolicy', stream: 'tierpolicy' } as const;
  return [
    ...[...priceBooks].flatMap(([id, each]) =>
      versionOf(book, id, each, live.priceBooks.get(id) ?? null),
    ),
    ...[...tierPolicies].flatMap(([id, each]) =>
      versionOf(policy, id, each, live.tierPolicies.get(id) ?? null),
    ),
  ];
}

interface Kind {
  readonly what: ThingKind;
  readonly type: CommandMessage['type'];
  readonly stream: string;
}

function versionOf(
  { what, type, stream }: Kind,
  id: string,
  declared: Declared<Json>,
  live: Live<Json> | null,
): readonly PlannedCommand[] {
  const differences =
    live === null ? fieldsOf(declared.value) : differencesOf(live.value, declared.value);
  if (differences.length === 0) return [];
  const version = live?.version ?? null;
  return [
    {
      ...{ type, stream: `${stream}:${id}`, data: declared.value },
      expectedVersion: version ?? 0n,
      actions: [
        { kind: live === null ? 'create' : 'change', what, id, differences, declared, version },
      ],
    },
  ];
}
