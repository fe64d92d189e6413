import type { LimitKind } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fleet } from './testing/fleet.ts';

type Step =
  | { readonly kind: 'join'; readonly wanted: number }
  | { readonly kind: 'crash' | 'cut off' | 'leave'; readonly host: number }
  | { readonly kind: 'want'; readonly host: number; readonly wanted: number }
  | { readonly kind: 'fail over' | 'forget' }
  | { readonly kind: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), wanted: fc.nat(400) }),
  fc.record({
    kind: fc.constantFrom('crash' as const, 'cut off' as const, 'leave' as const),
    host: fc.nat(9),
  }),
  fc.record({ kind: fc.constant('want' as const), host: fc.nat(9), wanted: fc.nat(400) }),
  fc.record({ kind: fc.constant('fail over' as const) }),
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.integer({ min: 20, max: 20_000 }),
    }),
  },
);

function run(fleet: Fleet, steps: readonly Step[]): void {
  for (const each of steps) {
    if (each.kind === 'join') fleet.join(each.wanted);
    else if (each.kind === 'crash') fleet.crash(each.host);
    else if (each.kind === 'leave') fleet.crash(each.host);
    else if (each.kind === 'cut off') fleet.cutOff(each.host);
    else if (each.kind === 'want') fleet.want(each.host, each.wanted);
    else if (each.kind === 'fail over') fleet.failOver();
    else if (each.kind === 'wait') fleet.pass(each.ms);
  }
}

/** A host that the new allocator has not heard of says what it has of a window just after that is over. */
const overTheTurnOfAWindow: Step[] = [
  { kind: 'wait', ms: 52_362 },
  { kind: 'fail over' },
  { kind: 'wait', ms: 7_827 },
];

const kinds: readonly LimitKind[] = ['rate', 'concurrency', 'consumable'];

describe('the book of leases', () => {
  it.each(kinds)(
    'never lets hosts act on more than the limit of a %s, whoever joins, leaves, crashes or takes over',
    (kind) => {
      fc.assert(
        fc.property(fc.nat(10_000), fc.array(step, { maxLength: 40 }), (seed, steps) => {
          const fleet = new Fleet({ kind, limit: 300n, seed });
          for (let host = 0; host < 3; host += 1) fleet.join(200);
          run(fleet, steps);
          expect(fleet.mostTaken).toBeLessThanOrEqual(fleet.limit);
        }),
        { numRuns: 200, examples: [[2321, overTheTurnOfAWindow]] },
      );
    },
  );

  it('gives everybody who wants the same the same, and starves nobody', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 2, max: 12 }), (seed, hosts) => {
        const fleet = new Fleet({ kind: 'rate', limit: 300n, seed });
        for (let host = 0; host < hosts; host += 1) fleet.join(400);
        fleet.pass(20_000);
        const even = fleet.limit / BigInt(hosts);
        for (const share of fleet.shares()) {
          expect(Number(share) / Number(even)).toBeGreaterThan(0.95);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('lets permits go round where there are fewer than hosts', () => {
    const fleet = new Fleet({ kind: 'concurrency', limit: 2n, seed: 1 });
    for (let host = 0; host < 5; host += 1) fleet.join(3);
    const turns = fleet.turns(120_000);
    expect(fleet.mostTaken).toBeLessThanOrEqual(2n);
    expect(Math.min(...turns)).toBeGreaterThan(0.2 * Math.max(...turns));
  });
});
