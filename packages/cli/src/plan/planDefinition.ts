import type { Declared } from '../file/declaration.ts';
import { differencesOf, fieldsOf } from './differences.ts';
import type { Json } from './json.ts';
import type { Live } from './liveState.ts';
import type { PlannedCommand, ThingKind } from './plan.ts';

/** The thing as a file declares it, whole, where it is other than what is there; expecting the version seen. */
export function planDefinition(
  command: Pick<PlannedCommand, 'type' | 'stream'>,
  what: ThingKind,
  id: string,
  declared: Declared<Json>,
  live: Live<Json> | null,
): readonly PlannedCommand[] {
  const differences =
    live === null ? fieldsOf(declared.value) : differencesOf(live.value, declared.value);
  if (differences.length === 0) return [];
  const version = live?.version ?? null;
  const kind = live === null ? 'create' : 'change';
  return [
    {
      ...command,
      data: declared.value,
      expectedVersion: version ?? 0n,
      actions: [{ kind, what, id, differences, declared, version }],
    },
  ];
}
