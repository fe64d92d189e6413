import type { CommandMessage } from '@prorata/schemas';
import type { Declared } from '../file/declaration.ts';
import type { Difference } from './differences.ts';
import type { Json } from './json.ts';

export type ActionKind = 'create' | 'change' | 'delete' | 'transfer';
export type ThingKind =
  | 'price book'
  | 'tier policy'
  | 'organization'
  | 'team'
  | 'project'
  | 'budget'
  | 'application'
  | 'entitlement'
  | 'quota';

/** One thing that would be created, changed or deleted. */
export interface Action {
  readonly kind: ActionKind;
  readonly what: ThingKind;
  readonly id: string;
  readonly differences: readonly Difference[];
  /** null: it is not declared, and goes. */
  readonly declared: Declared<Json> | null;
  /** The version that was read; null: it does not exist, or nobody counts it. */
  readonly version: bigint | null;
}

/** One command: all of its actions or none. */
export interface PlannedCommand {
  readonly type: CommandMessage['type'];
  readonly stream: string;
  readonly data: Json;
  readonly expectedVersion: bigint | null;
  /** Of a ChangeTree one for each step, in their order. */
  readonly actions: readonly Action[];
}

/** Commands in the order in which they are sent. */
export interface Plan {
  readonly commands: readonly PlannedCommand[];
  /** What the plan cannot bring about, and why. */
  readonly obstacles: readonly Obstacle[];
}

export interface Obstacle {
  readonly id: string;
  readonly declared: Declared<Json>;
  readonly path: readonly string[];
  readonly message: string;
}

export function actionsOf({ commands }: Pick<Plan, 'commands'>): readonly Action[] {
  return commands.flatMap(({ actions }) => actions);
}
