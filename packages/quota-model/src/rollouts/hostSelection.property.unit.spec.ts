import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, HOST_BUCKETS, selectorOfStage, takesCandidate } from './hostSelection.ts';

const HOSTS = 10_000;
const host = (hostId: string, zone: string | null = null) => ({ hostId, zone });
const selector = (
  percent: number,
  zones: readonly string[] = [],
  hosts: readonly string[] = [],
) => ({
  percent,
  zones,
  hosts,
});

/** As fleets name theirs: by number, by pod, by machine and process. */
const fleets = [
  (index: number): string => `host-${index}`,
  (index: number): string =>
    `chat-7d9f8b6c5-${(index * 2_654_435_761).toString(36).slice(0, 5)}${index}`,
  (index: number): string => `ip-10-0-${index >> 8}-${index & 255}.internal-${1_000 + index}`,
].map((name) => Array.from({ length: HOSTS }, (_, index) => name(index)));

describe('the hosts that take a candidate', () => {
  it('are the percentage of 10,000 hosts within one percent of all, however they are named', () => {
    for (const rolloutId of ['moka-r7', 'moka-r8', 'llm-gateway-r123', 'tidb-r1']) {
      for (const fleet of fleets) {
        for (const percent of [1, 5, 10, 25, 50, 75, 90, 99]) {
          const taken = fleet.filter((id) =>
            takesCandidate(selector(percent), rolloutId, host(id)),
          );
          const share = (100 * taken.length) / HOSTS;
          expect(
            Math.abs(share - percent),
            `${rolloutId} ${fleet[0]} ${percent}`,
          ).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it('are in every later stage too', () => {
    const anySelector = fc.record({
      percent: fc.integer({ min: 0, max: 100 }),
      zones: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
      hosts: fc.array(fc.constantFrom('h1', 'h2', 'h3'), { maxLength: 2 }),
    });
    const stages = fc.array(fc.record({ selector: anySelector }), { minLength: 2, maxLength: 5 });
    const anyHost = fc.record({
      hostId: fc.oneof(fc.constantFrom('h1', 'h2'), fc.string()),
      zone: fc.constantFrom('a', 'b', 'd', null),
    });
    fc.assert(
      fc.property(stages, anyHost, (all, one) => {
        const taken = all.map((_, stage) =>
          takesCandidate(selectorOfStage(all, stage), 'm-r1', one),
        );
        // Once taken, always taken: no `false` after a `true`.
        expect(
          taken.indexOf(true) === -1 || !taken.slice(taken.indexOf(true)).includes(false),
        ).toBe(true);
      }),
    );
  });

  it('are nobody at nothing, everybody at 100 %, and whom a list or a zone names', () => {
    expect(fleets[0]?.some((id) => takesCandidate(selector(0), 'm-r1', host(id)))).toBe(false);
    expect(fleets[0]?.every((id) => takesCandidate(selector(100), 'm-r1', host(id)))).toBe(true);
    expect(takesCandidate(selector(0, [], ['h1']), 'm-r1', host('h1'))).toBe(true);
    expect(takesCandidate(selector(0, ['eu']), 'm-r1', host('h1', 'eu'))).toBe(true);
    expect(takesCandidate(selector(0, ['eu']), 'm-r1', host('h1'))).toBe(false);
  });

  it('are others first in another rollout', () => {
    const firsts = ['m-r1', 'm-r2'].map(
      (id) =>
        new Set(fleets[0]?.filter((hostId) => takesCandidate(selector(10), id, host(hostId)))),
    );
    const both = [...(firsts[0] ?? [])].filter((id) => firsts[1]?.has(id));
    expect(both.length / HOSTS).toBeLessThan(0.03);
  });

  it('stay the same for ever: what is documented', () => {
    expect([1, 2, 3].map((index) => bucketOf('moka-r7', `host-${index}`))).toEqual([
      131, 6_910, 3_039,
    ]);
    expect(HOST_BUCKETS).toBe(10_000);
  });
});
