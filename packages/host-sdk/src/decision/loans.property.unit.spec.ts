import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bench, rate, requestTerms, rule, second } from '../../test/fixtures.ts';
import { BoundHandle } from './handle.ts';
import type { Reservation } from './reservation.ts';
import { Loans } from './loans.ts';
import { isAdmitted, REFUSE } from './verdict.ts';

function bound(amount: bigint, burst: bigint, keyed: boolean) {
  const { clock, table, limiter } = bench();
  const requests = keyed ? requestTerms({ eachOf: 'caller' }) : null;
  table.put(rule('a/x', [rate(amount, burst)], { requests }), clock.now);
  return { clock, handle: new BoundHandle(limiter, table, { quota: 'a/x', caller: 'b' }) };
}

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3_000 }) }),
    fc.record({ do: fc.constant('take' as const), cost: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ do: fc.constant('reserve' as const), cost: fc.integer({ min: 0, max: 12 }) }),
    fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat({ max: 5 }),
      part: fc.integer({ min: 0, max: 100 }),
    }),
  ),
  { minLength: 4, maxLength: 80 },
);

it('admits no more than the burst and what is earned, counted by what was used in the end', () => {
  let returned = 0;
  const property = fc.property(steps, fc.boolean(), (script, keyed) => {
    const [perSecond, burst] = [7, 12];
    const { clock, handle } = bound(BigInt(perSecond), BigInt(burst), keyed);
    const admitted: { at: number; used: number }[] = [];
    const open: { reservation: Reservation; estimate: number; entry: { used: number } }[] = [];
    for (const step of script) {
      if (step.do === 'wait') clock.now += step.ms * 1_000;
      else if (step.do === 'take') {
        if (isAdmitted(handle.take('tokens', step.cost)))
          admitted.push({ at: clock.now, used: step.cost });
      } else if (step.do === 'reserve') {
        const reservation = handle.reserve('tokens', step.cost);
        if (!isAdmitted(reservation.verdict)) continue;
        const entry = { at: clock.now, used: step.cost };
        admitted.push(entry);
        open.push({ reservation, estimate: step.cost, entry });
      } else {
        const [settled] = open.splice(step.which % Math.max(1, open.length), 1);
        if (settled === undefined) continue;
        settled.entry.used = Math.floor((settled.estimate * step.part) / 100);
        settled.reservation.settle(settled.entry.used);
        returned += settled.estimate - settled.entry.used;
      }
    }
    for (const [first, { at: from }] of admitted.entries()) {
      let sum = 0;
      for (const { at, used } of admitted.slice(first)) {
        sum += used;
        const most = burst + (perSecond * (at - from)) / second;
        if (sum > most) throw new Error(`${sum} within ${at - from} µs, and not ${most}`);
      }
    }
  });
  fc.assert(property, { numRuns: 1_000 });
  expect(returned).toBeGreaterThan(1_000);
});

it('gives back all of an estimate that the bucket has not earned meanwhile', () => {
  const { clock, handle } = bound(10n, 100n, false);
  handle.take('tokens', 50);
  const reservations = [handle.reserve('tokens', 20), handle.reserve('tokens', 30)];
  expect(handle.take('tokens', 1)).toBe(REFUSE);
  clock.now += second;
  for (const reservation of reservations) reservation.settle(5);
  expect(handle.room('tokens')[0]?.left).toBe(10 + 15 + 25);
});

it('keeps a bounded number of estimates that nobody settles', () => {
  const loans = new Loans();
  const first = loans.lend(0, 1);
  for (let count = 0; count < 10_000; count += 1) loans.lend(0, 1);
  expect(loans.end(0, first, 1)).toBe(0);
  loans.atMost(0, 10_000);
  const last = loans.lend(0, 1);
  loans.atMost(0, 1);
  expect(loans.end(0, last, 1)).toBe(1);
  expect(loans.isEmpty).toBe(true);
});
