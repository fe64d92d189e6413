import { describe } from 'vitest';
import { describeAppending } from './appending.contract.ts';
import { describeOwnership } from './ownership.contract.ts';
import { describePublishing } from './publishing.contract.ts';
import { describeReading } from './reading.contract.ts';
import type { LogHarness } from './logHarness.ts';

export type { LogHarness, ProcessUnderTest } from './logHarness.ts';

/** What every adapter of the log port must do; each runs it with a harness of its own. */
export function describeLogPort(name: string, start: () => Promise<LogHarness>): void {
  describe(`${name}: the log port's contract`, () => {
    describeAppending(start);
    describeReading(start);
    describePublishing(start);
    describeOwnership(start);
  });
}
