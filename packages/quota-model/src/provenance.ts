import type { Actor, ApprovedProposal } from '@prorata/schemas';

/** Who did what when: what every layer and every row can show. */
export interface Provenance {
  readonly actor: Actor;
  readonly reason: string;
  /** null when a timer did it. */
  readonly commandId: string | null;
  readonly at: bigint;
  readonly streamVersion: bigint;
  /** Whose proposal it was, when it was an approval; null: the actor's own change. */
  readonly approved: ApprovedProposal | null;
}
