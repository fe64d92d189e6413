import { describe, expect, it } from 'vitest';
import { groupInForce, textInForce } from './groupsInForce.ts';
import type { GroupRow } from './groupsInForce.ts';
import type { ResourceGroup } from './resourceGroup.ts';

const group: ResourceGroup = {
  name: 'pr_orders__prod',
  ruPerSec: 500n,
  priority: 'LOW',
  isBurstable: false,
  queryLimit: { elapsedMillis: 60_000n, processedKeys: 9n, requestUnits: 7n, action: 'KILL' },
};
const row: GroupRow = {
  name: 'pr_orders__prod',
  ruPerSec: '500',
  priority: 'LOW',
  burstable: 'OFF',
  queryLimit: "EXEC_ELAPSED='1m0s', PROCESSED_KEYS=9, RU=7, ACTION=KILL",
};

describe('a resource group in force', () => {
  it.each([
    ['as a newer server tells it', {}, {}],
    ['as an older server tells it', {}, { burstable: 'NO' }],
    ['burstable, newer', { isBurstable: true }, { burstable: 'MODERATED' }],
    ['burstable, older', { isBurstable: true }, { burstable: 'YES' }],
    ['unlimited, newer', { ruPerSec: 'unlimited' }, { ruPerSec: 'UNLIMITED', burstable: 'OFF' }],
    ['unlimited, older', { ruPerSec: 'unlimited' }, { ruPerSec: '2147483647', burstable: 'YES' }],
    ['without a limit of queries', { queryLimit: null }, { queryLimit: null }],
  ] as const)('is as it should be, %s', (_, wanted, told) => {
    expect(groupInForce({ ...row, ...told })).toEqual({ ...group, ...wanted });
  });

  it.each([
    ['a higher rate', { ruPerSec: '501' }],
    ['no limit', { ruPerSec: 'UNLIMITED' }],
    ['no limit, by its number', { ruPerSec: '2147483647' }],
    ['a mode of its own', { ruPerSec: null }],
    ['another priority', { priority: 'HIGH' }],
    ['burst', { burstable: 'UNLIMITED' }],
    ['burst, older', { burstable: 'YES' }],
    ['no limit of queries', { queryLimit: null }],
    ['longer queries', { queryLimit: row.queryLimit?.replace('1m0s', '1m0.001s') ?? null }],
    ['a milder end', { queryLimit: row.queryLimit?.replace('KILL', 'DRYRUN') ?? null }],
    ['a watch list', { queryLimit: `${row.queryLimit ?? ''}, WATCH=EXACT DURATION=UNLIMITED` }],
    ['what nobody here can read', { queryLimit: 'SOMETHING=1' }],
  ])('has drifted to %s', (_, told) => {
    expect(groupInForce({ ...row, ...told })).not.toEqual(group);
    const text = textInForce('pr_orders__', 'OFF', [{ ...row, ...told }]);
    expect(text).not.toBe(textInForce('pr_orders__', 'OFF', [row]));
  });

  it('is nothing where there is none', () => {
    expect(textInForce('pr_orders__', 'OFF', [])).toBeNull();
  });

  it('is the same text in whatever order the rows come', () => {
    const rows = ['b', 'a', 'c'].map((name) => ({ ...row, name: `pr_orders__${name}` }));
    const text = textInForce('pr_orders__', 'OFF', rows);
    expect(textInForce('pr_orders__', 'OFF', rows.toReversed())).toBe(text);
  });

  it.each([
    ['1s', 1_000n],
    ['250ms', 250n],
    ['1h0m0s', 3_600_000n],
    ['1h2m3.004s', 3_723_004n],
    ['24h0m0s', 86_400_000n],
  ])('has the time %s as Go writes it', (text, elapsedMillis) => {
    const queryLimit = {
      elapsedMillis,
      processedKeys: null,
      requestUnits: null,
      action: 'KILL',
    } as const;
    const told = { ...row, queryLimit: `EXEC_ELAPSED='${text}', ACTION=KILL` };
    expect(groupInForce(told)).toEqual({ ...group, queryLimit });
  });
});
