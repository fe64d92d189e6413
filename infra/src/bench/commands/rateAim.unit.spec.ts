import { describe, expect, it } from 'vitest';
import { tableOf } from '../figure.ts';
import { rateAim } from './rateAim.ts';

const aims = { ofFloor: 0.6, ofEmmett: 2 };

describe('the aim of a rate', () => {
  it('is held when both are reached, and missed when one is not', () => {
    expect(rateAim({ ours: 60, floor: 100, peers: { emmett: 30 } }, aims)).toEqual({
      aim: '≥ 0.6 × floor (0.60), ≥ 2 × emmett (2.00)',
      held: true,
    });
    expect(rateAim({ ours: 59, floor: 100, peers: { emmett: 1 } }, aims).held).toBe(false);
    expect(rateAim({ ours: 59, floor: 10, peers: { emmett: 30 } }, aims).held).toBe(false);
  });

  it('is neither when the others were not measured', () => {
    const figure = rateAim({ ours: 60, floor: null, peers: { emmett: null } }, aims);
    expect(figure).toEqual({ aim: '≥ 0.6 × floor (not measured), ≥ 2 × emmett (not measured)' });
    const row = {
      bench: 'b',
      figure: 'f',
      unit: 'u',
      ours: 60,
      floor: null,
      partitions: 4,
      cores: 2,
    };
    const table = tableOf([{ ...row, peers: { emmett: null }, ...figure }]);
    expect(table).toContain('(not measured): not compared');
    expect(table).not.toMatch(/: held|: missed/);
  });

  it('is missed when one of them was measured and says so', () => {
    const figure = rateAim({ ours: 50, floor: 100, peers: {} }, aims);
    expect(figure).toEqual({
      aim: '≥ 0.6 × floor (0.50), ≥ 2 × emmett (not measured)',
      held: false,
    });
  });
});
