import type { Action, PlannedCommand } from './plan.ts';
import type { Json } from './json.ts';
import type { Place } from '../file/place.ts';

/** What a command was found to do, before it is sent. */
export interface Check {
  readonly command: PlannedCommand;
  /** `later`: it depends on what is sent before it, and is checked when its turn comes. */
  readonly verdict: 'passes' | 'waits' | 'refused' | 'later';
  /** gateway: its dry run. here: the same model, on what can be read. */
  readonly by: 'gateway' | 'here';
  readonly failures: readonly Failure[];
  /** Limits in force that would differ. */
  readonly inForce: readonly LimitInForce[];
  /** Of those, how many are left out. */
  readonly omitted: number;
  /** Why it waits, or is checked later. */
  readonly remark: string | null;
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
