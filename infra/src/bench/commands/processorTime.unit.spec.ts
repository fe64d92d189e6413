import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { processorMs, processorMsWithChildren } from './processorTime.ts';

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

  it('counts children with their parent, also when they have ended', () => {
    const before = processorMsWithChildren(process.pid);
    const own = processorMs([process.pid]);
    const spend = 'while (process.cpuUsage().user < 200_000);';
    execFileSync(process.execPath, ['-e', spend]);
    const spentHere = processorMs([process.pid]) - own;
    expect(processorMsWithChildren(process.pid) - before - spentHere).toBeGreaterThanOrEqual(150);
  });

  it('is not known of a process that is gone', () => {
    expect(processorMs([2 ** 30])).toBeNaN();
    expect(processorMsWithChildren(2 ** 30)).toBeNaN();
  });
});
