import { describe, expect, it } from 'vitest';
import { processorMs } from './processorTime.ts';

describe.runIf(process.platform === 'linux')('processor time', () => {
  it('grows with what a process computes', () => {
    const before = processorMs([process.pid]);
    const usage = process.cpuUsage();
    for (let spent = 0; spent < 50_000;) {
      const { user, system } = process.cpuUsage(usage);
      spent = user + system;
    }
    const spentMs = processorMs([process.pid]) - before;
    expect(spentMs).toBeGreaterThanOrEqual(30);
    expect(spentMs).toBeLessThan(500);
  });

  it('is not known of a process that is gone', () => {
    expect(processorMs([2 ** 30])).toBeNaN();
  });
});
