import { describe, expect, it } from 'vitest';
import { costLines, csvLines } from './costs.ts';

const about = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-02-01T00:00:00.000Z',
  currency: 'EUR',
  asOf: 'usage.events/0=7@2026-02-03T00:00:00.000Z',
};
const group = { lines: 3, used: 1_200, charged: 1_200, cost: '-1.2', unpriced: 0 };
const groups = {
  ...about,
  by: ['project', 'resource'],
  groups: [
    { project: 'acme/search', resource: 'tokens', ...group },
    { project: null, resource: '=1+1,"x"', ...group },
  ],
};

describe('costs', () => {
  it('are a table for people, with what to type for the same answer again', () => {
    const lines = costLines(groups);
    expect(lines[1]).toMatch(/^PROJECT +RESOURCE +USED +CHARGED +COST$/);
    expect(lines[2]).toMatch(/^acme\/search +tokens +1200 +1200 +-1.2$/);
    expect(lines.at(-1)).toContain(`--as-of ${about.asOf}`);
    expect(costLines({ ...about, by: ['project'], groups: [] })).toContain('Nothing is charged.');
  });

  it('are lines with their total, and say how many have no price', () => {
    const line = { charge: { start: '2026-01-05T00:00:00.000Z' }, project: 'acme/search' };
    const body = {
      ...about,
      total: { cost: '4' },
      lines: [
        { ...line, cost: '4' },
        { ...line, cost: null },
      ],
    };
    const lines = costLines(body);
    expect(lines).toContain('Total: 4 EUR');
    expect(lines.join('\n')).toContain('1 without a price');
  });

  it('are CSV that no spreadsheet takes for formulas', () => {
    expect(csvLines(groups)).toEqual([
      'project,resource,used,charged,cost',
      'acme/search,tokens,1200,1200,-1.2',
      `,"'=1+1,""x""",1200,1200,-1.2`,
    ]);
  });
});
