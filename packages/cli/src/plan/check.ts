import type { Action, PlannedCommand } from './plan.ts';
import type { Json } from './json.ts';
import type { Place } from '../file/place.ts';
import type { WaitingProposal } from './waitingProposal.ts';

/** What a command was found to do, before it is sent. */
export interface Check {
  readonly command: PlannedCommand;
  /**
   * `waits`: it would become a proposal. `held`: one about the same waits already, so that it is not sent.
   * `later`: it depends on what is sent before it, and is checked when its turn comes.
   */
  readonly verdict: 'passes' | 'waits' | 'held' | 'refused' | 'later';
  /** gateway: its dry run. here: the same model, on what can be read. */
  readonly by: 'gateway' | 'here';
  readonly failures: readonly Failure[];
  /** Limits in force that would differ. */
  readonly inForce: readonly LimitInForce[];
  /** Limits that quotas would declare otherwise and that do not hold then, with what holds instead. */
  readonly hidden: readonly HiddenLimit[];
  /** Of both, how many are left out. */
  readonly omitted: number;
  /** Why it waits, or is checked later. */
  readonly remark: string | null;
  /** held: by what. */
  readonly heldBy: WaitingProposal | null;
}

/** One failed check. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string | null;
  /** What it is about; null: the command as a whole. */
  readonly action: Action | null;
  readonly place: Place | null;
}

export interface LimitInForce {
  readonly quotaId: string;
  readonly resource: string;
  readonly before: Json | null;
  readonly after: Json | null;
}

/** What is declared, before and after, and what is in force instead. */
export interface HiddenLimit extends LimitInForce {
  readonly hiddenBy: {
    readonly kind: 'override' | 'suspension' | 'haircut' | 'ancestor';
    /** The quota on which it lies. */
    readonly quotaId: string;
    /** null: it does not end by itself. */
    readonly until: string | null;
  };
}

/** As an outcome tells it; null: nothing hides it, and what is declared holds. */
export type DeclaredLimit = Omit<HiddenLimit, 'hiddenBy'> & {
  readonly hiddenBy: HiddenLimit['hiddenBy'] | null;
};

/** Of what would be declared, that which would not hold. */
export function hiddenOnes(declared: readonly DeclaredLimit[]): readonly HiddenLimit[] {
  return declared.flatMap(({ quotaId, resource, before, after, hiddenBy }) => {
    if (hiddenBy === null) return [];
    const { kind, until } = hiddenBy;
    const place = { kind, quotaId: hiddenBy.quotaId, until };
    return [{ quotaId, resource, before, after, hiddenBy: place }];
  });
}

/** What a check is before anything is known of it. */
export const unchecked = {
  failures: [],
  inForce: [],
  hidden: [],
  omitted: 0,
  remark: null,
  heldBy: null,
} as const;
