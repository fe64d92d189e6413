import { expect, it } from 'vitest';
import { bench, permits, rate, rule, second } from '../../test/fixtures.ts';
import { BoundHandle } from '../decision/handle.ts';
import { DELAY } from '../decision/verdict.ts';
import type { Host } from '../host.ts';
import { enter, isRefusal } from './passage.ts';

function delaying(perMicros: number) {
  const parts = bench();
  const limits = [{ ...rate(4n), perMicros: BigInt(perMicros) }, permits(3n)];
  parts.table.put(rule('moka/ads', limits, { action: 'delay' }), parts.clock.now);
  const quota = new BoundHandle(parts.limiter, parts.table, { quota: 'moka/ads' });
  return { ...parts, quota, host: { last: parts.limiter.last } as Host };
}

it('counts what a request wanted that may not wait so long as refused', async () => {
  const { clock, meters, quota, host } = delaying(second);
  quota.take('tokens', 4);
  const entry = await enter(host, { quota, resource: 'tokens', cost: 3 }, 100);
  expect(isRefusal(entry) && entry.verdict).toBe(DELAY);
  quota.acquire('requests', 3);
  await enter(host, { quota, permits: 'requests' }, 5);
  const [usage] = meters.close(clock.now, clock.now);
  const refusedOf = (name: string) =>
    usage?.resources.find(({ resource }) => resource === name)?.refused;
  expect([refusedOf('tokens'), refusedOf('requests')]).toEqual([3n, 1n]);
});

it('keeps no permit of a request whose cost is none', () => {
  const { quota, host } = delaying(second);
  const use = { quota, resource: 'tokens', permits: 'requests', cost: Number.NaN };
  for (let count = 0; count < 5; count += 1) {
    expect(() => enter(host, use, 100)).toThrow(RangeError);
  }
  expect(quota.room('requests')[0]?.left).toBe(3);
});
