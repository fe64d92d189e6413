import { describe, expect, it } from 'vitest';
import { addCounts, closingLine, countTests, exitCodeOf, noCounts } from './testCounts.ts';
import type { TestReport } from './testCounts.ts';

const report: TestReport = {
  numPassedTests: 3,
  numFailedTests: 1,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }],
};
const green: TestReport = { ...report, numFailedTests: 0, testResults: [] };

describe('counting tests', () => {
  it('adds up what the report says', () => {
    const counts = countTests(report, 1);
    expect(counts).toEqual({ passed: 3, failed: 1, skipped: 2 });
    expect(closingLine(addCounts(counts, noCounts))).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('counts a file that could not even be loaded', () => {
    const broken = { ...green, testResults: [{ status: 'failed', assertionResults: [] }] };
    expect(countTests(broken, 1).failed).toBe(1);
  });

  it('does not let an error outside of every test pass', () => {
    expect(countTests(green, 1).failed).toBe(1);
    expect(countTests(undefined, 1).failed).toBe(1);
  });

  it('is green only when something ran and nothing failed', () => {
    expect(exitCodeOf(countTests(green, 0))).toBe(0);
    expect(exitCodeOf(countTests(report, 1))).toBe(1);
    expect(exitCodeOf({ passed: 0, failed: 0, skipped: 5 })).toBe(1);
  });
});
