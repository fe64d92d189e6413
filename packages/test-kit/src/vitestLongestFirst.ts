import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';
import { longestFirst } from './longestFirst.ts';

/**
 * A fresh checkout knows no times, and the largest files come first. One that takes a minute and begins
 * last would leave the other worker without work for as long.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longestFirst(await super.sort(files));
  }
}
