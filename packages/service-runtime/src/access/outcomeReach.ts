import type { Principal } from './principal.ts';

/** Who may look at the commands of others. */
const OVERSEERS: readonly string[] = ['admin', 'operator', 'auditor'];

/** Of which commands a principal may learn what became of them: everywhere by this one rule. */
export interface OutcomeReach {
  /** Others' too, and not one's own alone. */
  readonly others: boolean;
  /** Of this stream alone, whosoever they are; null: of every stream. */
  readonly stream: string | null;
}

/** Credentials bound to an application reach nothing beyond it, an overseer's neither. */
export function outcomeReach({ roles, application }: Principal): OutcomeReach {
  return {
    others: roles.some((role) => OVERSEERS.includes(role)),
    stream: application === null ? null : `application:${application}`,
  };
}
