import { CHECK_STEPS_MAX } from '../modelBounds.ts';

/** The steps that the own checks of one command may take together, spent before each check runs. */
export class CheckBudget {
  #left = CHECK_STEPS_MAX;

  /** Whether a check was not run because it would have taken too many. */
  get isOver(): boolean {
    return this.#left < 0;
  }

  /** false: the check must not run. */
  spend(steps: number): boolean {
    this.#left -= steps;
    return !this.isOver;
  }
}
