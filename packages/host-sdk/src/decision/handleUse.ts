import type { PathResource } from './quotaPath.ts';

/** What a handle does with one resource: the limits as last resolved, and the permits it has out. */
export interface HandleUse {
  readonly resource: string;
  /** null: not resolved on the present path. */
  entry: PathResource | null;
  held: number;
}
