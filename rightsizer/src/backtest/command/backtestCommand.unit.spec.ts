import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allPolicies } from '../policies.ts';
import { backtestCommand } from './backtestCommand.ts';
import type { BacktestWords } from './backtestCommand.ts';

const HOUR = 3_600;
const columns = { series: 'vm', time: 't', value: 'v', step: '1h', lag: '1h' } as const;

let folder: string;
let file: string;
const told: string[] = [];
const complained: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-command-'));
  file = path.join(folder, 'demand.csv');
  const rows = ['vm,t,v'];
  for (const [vm, days] of [
    ['a', 10],
    ['b', 9],
    ['young', 3],
  ] as const) {
    for (let at = 0; at < days * 24; at += 1) {
      rows.push(`${vm},${at * HOUR},${(0.1 + 0.3 * ((at % 24) / 24)).toFixed(4)}`);
    }
  }
  await writeFile(file, rows.join('\n'));
  told.length = complained.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => complained.push(String(text)) > 0);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

const run = (words: BacktestWords = {}, files = [file]): Promise<number> =>
  backtestCommand(files, { ...columns, ...words });

const lines = (): Record<string, unknown>[] =>
  told.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('backtest', () => {
  it('prints one JSON line per policy, with the figures that scripts read', async () => {
    expect(await run({ json: true })).toBe(0);
    expect(lines().map(({ policy }) => policy)).toEqual(allPolicies.map(({ name }) => name));
    for (const line of lines()) {
      expect(line).toMatchObject({ series: 2, skipped: 1, windows: 5 * 24, missing: 0 });
      for (const name of ['slack', 'violations', 'unserved', 'changesPerSeriesDay']) {
        expect(line[name]).toBeTypeOf('number');
      }
      expect(Object.keys(line['J'] as object)).toEqual(['5', '20', '100']);
    }
  });

  it('tells numbers below one as exactly as large ones: nothing is rounded to units', async () => {
    await run({ json: true, policy: ['static-max'] });
    const [line] = lines();
    // The highest of the warm-up is 0.3875; the mean of a day is 0.24375.
    expect(line?.['slack']).toBeCloseTo(100 * (1 - 0.24375 / (0.3875 * 1.15)), 5);
    await run({ json: true, policy: ['prorata-serving'] });
    expect(lines()[1]?.['slack']).toBeGreaterThan(1);
    expect(lines()[1]?.['slack']).toBeLessThan(60);
  });

  it('prints a table for people, with the series where they ask', async () => {
    await run({ policy: ['ours,oracles'], 'per-series': true });
    const text = told.join('');
    expect(text).toContain('POLICY');
    expect(text).toMatch(/^prorata-serving\s/m);
    expect(text).not.toContain('krr');
    expect(text).toMatch(/^b\s+oracle-next-day\s/m);
    expect(complained.join('')).toContain('1 of 3 series end within the warm-up.');
  });

  it('names what cost least by each price of a shortage, and never an oracle', async () => {
    await run({ policy: ['static-max,vpa,oracles'], json: true });
    const real = lines().filter(({ kind }) => kind !== 'oracle');
    const [best] = [...real].sort(
      (a, b) => (a['J'] as { 5: number })[5] - (b['J'] as { 5: number })[5],
    );
    told.length = 0;
    await run({ policy: ['static-max,vpa,oracles'] });
    const [said = ''] = /^Lowest but for oracles: .*$/m.exec(told.join('')) ?? [];
    expect(said).toContain(`J5 ${String(best?.['policy'])};`);
    expect(said).not.toContain('oracle-');
    told.length = 0;
    await run({ policy: ['seasonal-naive,prorata-guaranteed'] });
    expect(told.join('')).toMatch(/: J5 seasonal-naive \(of ours prorata-guaranteed\);/);
  });

  it('shows one class of ours beside all others', async () => {
    await run({ class: 'batch', json: true });
    const names = lines().map(({ policy }) => String(policy));
    expect(names.filter((name) => name.startsWith('prorata-'))).toEqual(['prorata-batch']);
    expect(names).toContain('vpa');
  });

  it('says so when most windows are empty', async () => {
    await run({ step: '5m', policy: ['static-max'] });
    expect(complained.join('')).toContain('have no row; a longer --step may be meant');
    expect(complained.join('')).toMatch(
      /they go from 1970-01-01T00:00:00\S+ to 1970-01-10T23:05:00/,
    );
  });

  it.each([
    ['POLICY_UNKNOWN', { policy: ['best'] }],
    ['TOO_SHORT', { 'warm-up': '30d' }],
    ['COLUMN_UNKNOWN', { value: 'cpu' }],
  ])('refuses with %s', async (code, words) => {
    await expect(run(words)).rejects.toMatchObject({ code });
  });

  it.each([
    [{ step: 'soon' }],
    [{ class: 'best' }],
    [{ 'change-cost': '-1' }],
    [{ 'change-cost': '' }],
    [{ lag: '8d' }],
    [{ time: undefined }],
    [{ 'time-unit': 'years' }],
  ])('refuses the words %o', async (words) => {
    await expect(run(words)).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('weighs changes by the cost that is said', async () => {
    await run({ policy: ['seasonal-naive'], json: true });
    await run({ policy: ['seasonal-naive'], json: true, 'change-cost': '1' });
    const [cheap, dear] = lines();
    const changes = Number(cheap?.['changesPerSeriesDay']);
    const [five, more] = [cheap, dear].map((line) => (line?.['J'] as { 5: number })[5]);
    expect(changes).toBeGreaterThan(1);
    expect(Number(more) - Number(five)).toBeCloseTo(0.9 * changes, 4);
  });
});
