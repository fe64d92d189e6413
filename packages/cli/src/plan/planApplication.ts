import type { Declared, DeclaredApplication } from '../file/declaration.ts';
import { differencesOf, fieldsOf } from './differences.ts';
import type { Json } from './json.ts';
import type { LiveApplication } from './liveState.ts';
import { amountOf } from './loosens.ts';
import type { Obstacle, Plan, PlannedCommand } from './plan.ts';
import { planQuotas } from './planQuotas.ts';

/**
 * The registration, what entitlements grant, who pays, the tree of quotas, and then what entitlements
 * take back, which quotas must have left before.
 */
export function planApplication(declared: DeclaredApplication, live: LiveApplication): Plan {
  const registration = planRegistration(declared, live);
  const entitlements = [...declared.entitlements].flatMap(([key, entitlement]) =>
    planEntitlement(declared.application, entitlement, live.entitlements.get(key) ?? null),
  );
  const { transfers, trees, obstacles } = planQuotas(declared, live);
  const granting = entitlements.filter(({ takes }) => !takes).map(({ command }) => command);
  const taking = entitlements.filter(({ takes }) => takes).map(({ command }) => command);
  return {
    commands: [...registration, ...granting, ...transfers, ...trees, ...taking],
    obstacles: [...obstacles, ...allocatedOnes(declared, live)],
  };
}

function planRegistration(
  { application, registration: declared }: DeclaredApplication,
  { registration: live }: LiveApplication,
): readonly PlannedCommand[] {
  if (declared === null) return [];
  const differences =
    live === null ? fieldsOf(declared.value) : differencesOf(live.value, declared.value);
  if (differences.length === 0) return [];
  const version = live?.version ?? null;
  return [
    {
      type: 'RegisterApplication',
      stream: `application:${application}`,
      data: declared.value,
      // The version expected is the stream's, which every quota moves.
      expectedVersion: live === null ? 0n : null,
      actions: [
        {
          ...{ kind: live === null ? 'create' : 'change', what: 'application', id: application },
          ...{ differences, declared, version },
        },
      ],
    },
  ];
}

/** The fields of an entitlement that people set. */
const bounds = (fields: Json): Json => ({
  bound: fields['bound'],
  amount: fields['bound'] === 'amount' ? fields['amount'] : null,
});

function planEntitlement(
  application: string,
  declared: Declared<Json>,
  live: Json | null,
): readonly { readonly command: PlannedCommand; readonly takes: boolean }[] {
  if (live !== null && isAllocated(live)) return [];
  const after = bounds(declared.value);
  const differences = live === null ? fieldsOf(after) : differencesOf(bounds(live), after);
  if (differences.length === 0) return [];
  const { project, resource } = declared.value;
  const id = `${application} ${String(project)} ${String(resource)}`;
  const command: PlannedCommand = {
    type: 'SetEntitlement',
    stream: `application:${application}`,
    data: declared.value,
    expectedVersion: null,
    actions: [
      {
        ...{ kind: live === null ? 'create' : 'change', what: 'entitlement', id },
        ...{ differences, declared, version: null },
      },
    ],
  };
  return [{ command, takes: live !== null && entitled(after) < entitled(live) }];
}

function entitled({ bound, amount }: Json): number {
  return amountOf(bound === 'amount' ? amount : bound);
}

const isAllocated = (live: Json): boolean => (live['source'] ?? null) !== null;

/** What a budget pays for is its own to change. */
function allocatedOnes(declared: DeclaredApplication, live: LiveApplication): readonly Obstacle[] {
  return [...declared.entitlements].flatMap(([key, entitlement]) => {
    const found = live.entitlements.get(key);
    if (found === undefined || !isAllocated(found)) return [];
    if (differencesOf(bounds(found), bounds(entitlement.value)).length === 0) return [];
    const message = `A budget pays for what ${key} holds (AllocateEntitlement): it cannot be set in a file.`;
    return [{ id: key, declared: entitlement, path: [], message }];
  });
}
