import type { PermitCounts } from '../decision/permitCounts.ts';
import type { RequestMeter } from '../usage/requestMeter.ts';
import type { DemandMeter } from './demandMeter.ts';

/** A fleet-wide limit on a path, and what counts the demand for it. */
export interface MeteredLimit {
  /** `lacking`: whether the decision being made found no room there. */
  readonly limit: { readonly lacking: boolean };
  readonly demand: DemandMeter;
  /** The permits out under it; null: it is no limit of permits. */
  readonly permits: PermitCounts | null;
}

/**
 * Counts usage, and the demand for every fleet-wide limit on the path with it. A request that another limit refused is
 * no demand for one that had room: a greater share would not let it through.
 */
export class SharedMeter implements RequestMeter {
  readonly #usage: RequestMeter | null;
  readonly #shared: readonly MeteredLimit[];
  readonly #isAlone: boolean;

  /** @param isAlone whether there is one limit, of which refusals need not say that it lacked room */
  constructor(usage: RequestMeter | null, shared: readonly MeteredLimit[], isAlone: boolean) {
    this.#usage = usage;
    this.#shared = shared;
    this.#isAlone = isAlone;
  }

  take(amount: number, delayed: boolean, moment: Float64Array): void {
    this.#usage?.take(amount, delayed, moment);
    for (const { demand } of this.#shared) demand.use(amount);
  }

  settle(amount: number): void {
    this.#usage?.settle(amount);
    for (const { demand } of this.#shared) demand.use(amount);
  }

  refuse(amount: number): void {
    this.#usage?.refuse(amount);
    for (const { limit, demand } of this.#shared) {
      if (this.#isAlone || limit.lacking) demand.refuse(amount);
    }
  }

  refuseOnTrial(amount: number): void {
    this.#usage?.refuseOnTrial(amount);
  }

  hold(units: number, delayed: boolean, moment: Float64Array): void {
    this.#usage?.hold(units, delayed, moment);
    for (const { demand, permits } of this.#shared) {
      if (permits !== null) demand.hold(permits.inUse(ONLY_SLOT));
    }
  }
}

const ONLY_SLOT = 0;
