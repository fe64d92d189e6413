import type { RulesDelivered } from '@prorata/schemas';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeliveryReports } from './deliveryReports.ts';
import type { PartitionDeliveries } from './deliveryReports.ts';

let sent: RulesDelivered[][] = [];
let served: PartitionDeliveries[] = [];
let failures = 0;
let isAway = false;
let reports: DeliveryReports;

beforeEach(() => {
  vi.useFakeTimers();
  [sent, failures, isAway] = [[], 0, false];
  served = [
    {
      sets: [
        { application: 'moka', rules: 2, eventOffset: 7n },
        { application: 'tidb', rules: 0, eventOffset: 3n },
      ],
      accountedTo: 9n,
    },
  ];
  reports = new DeliveryReports({
    send: (said) => {
      if (isAway) return Promise.reject(new Error('away'));
      sent.push([...said]);
      return Promise.resolve();
    },
    served: () => served,
    now: () => 1n,
    failed: () => (failures += 1),
  });
});
afterEach(() => reports.stop());

describe('what was delivered', () => {
  it('is said soon after it was written, once for all that was written meanwhile', async () => {
    reports.changed(['moka']);
    reports.changed(['moka']);
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toEqual([
      [{ application: 'moka', rules: 2, deliveredOffset: 7n, accountedTo: 9n, reportedAt: 1n }],
    ]);
  });

  it('is said of every application again and again: what changed no rule is accounted for so', async () => {
    await vi.advanceTimersByTimeAsync(15_000);
    served = [{ ...served[0]!, accountedTo: 12n }];
    await vi.advanceTimersByTimeAsync(15_000);
    const told = sent.map((each) => each.map((said) => [said.application, said.accountedTo]));
    expect(told).toEqual([
      [
        ['moka', 9n],
        ['tidb', 9n],
      ],
      [
        ['moka', 12n],
        ['tidb', 12n],
      ],
    ]);
  });

  it('is said with the next heartbeat where it did not get through, and never of a partition that is another one’s', async () => {
    isAway = true;
    reports.changed(['moka']);
    await vi.advanceTimersByTimeAsync(100);
    expect([failures, sent]).toEqual([1, []]);
    isAway = false;
    await vi.advanceTimersByTimeAsync(15_000);
    expect(sent).toHaveLength(1);
    served = [];
    await vi.advanceTimersByTimeAsync(15_000);
    expect(sent).toHaveLength(1);
  });
});
