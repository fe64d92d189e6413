import { describe, expect, it } from 'vitest';
import type { Figures } from '../figures.ts';
import type { WhatIf } from '../whatIf/whatIf.ts';
import { whatIfLines } from './whatIfReport.ts';

const figures: Figures = {
  slack: 12.5,
  violations: 0,
  unserved: 0,
  changesPerSeriesDay: 0,
  episodesPerSeriesDay: 0,
  movementPerSeriesDay: 0,
  recoveryMinutes: { median: 0, p90: 0 },
  J: { 5: 12.5, 20: 12.5, 100: 12.5 },
};

const found: WhatIf = {
  policy: { name: 'production', version: 1 },
  from: 0n,
  to: 600_000_000n,
  changes: [],
  leftAlone: [],
  limits: 1,
  windows: 2,
  missing: 1,
  then: figures,
  inForce: figures,
};

const lineOf = (report: WhatIf): string =>
  whatIfLines(report).find((line) => line.startsWith('in force')) ?? '';

describe('what people read of a what-if', () => {
  it('has the figures of what was measured', () => {
    expect(lineOf(found)).toContain('12.5');
  });

  it('has none where nothing was: a 0 would look like a limit that fits', () => {
    expect(lineOf({ ...found, missing: 2 })).not.toMatch(/\d/);
  });
});
