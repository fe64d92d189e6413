import type { Rule } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { bench, rate, rule, wholeSet } from '../../test/fixtures.ts';
import { BoundHandle } from '../decision/handle.ts';
import { ALLOW, REFUSE } from '../decision/verdict.ts';
import { RulesInForce } from './rulesInForce.ts';
import type { AppliedRules } from './rulesInForce.ts';

function inForce() {
  const parts = bench('closed');
  const { table, time } = parts;
  const failures: unknown[] = [];
  const rules = new RulesInForce({
    table,
    time,
    source: 'http',
    file: null,
    confirmed: () => undefined,
    failed: (error) => failures.push(error),
  });
  const told: AppliedRules[] = [];
  rules.listen((applied) => told.push(applied));
  return { ...parts, rules, told, failures };
}

const many = (count: number, eventOffset: bigint): Rule[] =>
  Array.from({ length: count }, (_, index) =>
    rule(`a/t${index % 50}/q${index}`, [rate(5n)], { eventOffset }),
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a large set of rules', () => {
  it('comes into force while the event loop turns, and is known when all of it is there', async () => {
    const { rules, told, table, limiter } = inForce();
    rules.replaceAll(wholeSet(many(20_000, 1n)));
    const handle = new BoundHandle(limiter, table, { quota: 'a/t0/q0' });
    let turns = 0;
    rules.confirm();
    while (told.length === 0) {
      // Nor is anything confirmed before it holds: rules that close while stale stay closed.
      expect(rules.confirmedAt).toBe(null);
      // Its rule came first; of what is still to come nothing is known, which is not that there is none.
      expect(handle.take('tokens', 6)).toBe(REFUSE);
      if (!table.isKnown) {
        const other = new BoundHandle(limiter, table, { quota: 'a/unknown' });
        expect(other.take('tokens', 1)).toBe(REFUSE);
      }
      turns += 1;
      await turn();
    }
    expect(turns).toBeGreaterThan(3);
    await turn();
    expect(rules.confirmedAt).not.toBe(null);
    expect(table.isKnown).toBe(true);
    expect(table.size).toBe(20_000);
    expect(told[0]?.rules).toHaveLength(20_000);
    expect(new BoundHandle(limiter, table, { quota: 'a/unknown' }).take('tokens', 1)).toBe(ALLOW);
  });

  it('is followed by what came behind it, in the order that it came in', async () => {
    const { rules, told, table } = inForce();
    rules.replaceAll(wholeSet(many(5_000, 5n)));
    rules.change(rule('a/t1/q1', [rate(9n)], { eventOffset: 7n }));
    rules.remove('a/t2/q2', 8n);
    rules.replaceAll(wholeSet(many(2_000, 9n), { completeTo: 10n }));
    rules.change(rule('a/last', [rate(1n)], { eventOffset: 11n }));
    expect(rules.appliedOffset).toBe(-1n);
    while (rules.appliedOffset < 11n) await turn();
    expect(told.map(({ appliedOffset }) => appliedOffset)).toEqual([5n, 7n, 8n, 9n, 11n]);
    expect(told.map((applied) => [applied.rules.length, applied.removed.length])).toEqual([
      [5_000, 0],
      [1, 0],
      [0, 1],
      [2_000, 3_000],
      [1, 0],
    ]);
    expect(table.size).toBe(2_001);
    await turn();
    rules.change(rule('a/at-once', [rate(1n)], { eventOffset: 12n }));
    expect(table.ruleOf('a/at-once')).not.toBeNull();
  });
});
