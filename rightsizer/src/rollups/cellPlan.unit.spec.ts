import { describe, expect, it } from 'vitest';
import { CELL_MICROS, cellsToMake, nextToMerge } from './cellPlan.ts';
import { DAY_MICROS, HOUR_MICROS } from './rollupSql.ts';

const cell = (from: bigint, length: bigint) => ({ from, to: from + length, files: {} });
const day = cell(10n * DAY_MICROS, DAY_MICROS);
const stretch = (at: bigint): bigint => at / CELL_MICROS;

describe('the plan of cells', () => {
  it('makes a present cell anew as a whole, however short the cells of its time would be now', () => {
    const touched = [stretch(day.from), stretch(day.from + HOUR_MICROS), stretch(day.to)];
    const made = cellsToMake(touched, [day], day.from);
    expect(made).toEqual([day, { from: day.to, to: day.to + CELL_MICROS }]);
  });

  it('makes the longest that is over, and takes in what is there of it', () => {
    const part = cell(day.from, CELL_MICROS);
    const touched = [stretch(day.from + HOUR_MICROS)];
    const late = day.to + DAY_MICROS;
    expect(cellsToMake(touched, [part], late)).toEqual([{ from: day.from, to: day.to }]);
    const hour = { from: day.from + HOUR_MICROS, to: day.from + 2n * HOUR_MICROS };
    expect(cellsToMake(touched, [part], hour.to + HOUR_MICROS)).toEqual([hour]);
    expect(cellsToMake(touched, [part], hour.to)).toEqual([cellSpan(hour.from)]);
  });

  it('puts together what lies in a day or an hour that is over, and nothing that is whole', () => {
    const parts = [cell(day.from, CELL_MICROS), cell(day.from + CELL_MICROS, CELL_MICROS)];
    const hour = { from: day.from, to: day.from + HOUR_MICROS };
    expect(nextToMerge(parts, hour.to)).toBeNull();
    expect(nextToMerge(parts, hour.to + HOUR_MICROS)).toEqual({ whole: hour, parts });
    const all = [...parts, cell(day.from + HOUR_MICROS, HOUR_MICROS)];
    const whole = { from: day.from, to: day.to };
    expect(nextToMerge(all, day.to + HOUR_MICROS)).toEqual({ whole, parts: all });
    expect(nextToMerge([day], day.to + DAY_MICROS)).toBeNull();
  });
});

const cellSpan = (from: bigint) => ({ from, to: from + CELL_MICROS });
