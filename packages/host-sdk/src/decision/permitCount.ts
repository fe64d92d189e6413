import { NEVER } from './verdict.ts';

/** Nobody knows when a permit comes back, so a delayed request asks again soon: 10 ms. */
const RETRY_MICROS = 10_000;

/** Permits in use at one node of the tree, counted whether or not a limit stands there now. */
export class PermitCount {
  inUse = 0;
  /** The limit's, while one is in force; the path does not ask otherwise. */
  max = Infinity;

  shortfall(units: number): number {
    if (units > this.max) return NEVER;
    return this.inUse + units <= this.max ? 0 : RETRY_MICROS;
  }
}
