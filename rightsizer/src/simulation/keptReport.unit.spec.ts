import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { arms } from './closedLoop.ts';
import { benchLines } from './closedLoopReport.ts';
import { keptRuns, withTables } from './keptReport.ts';

const docs = path.join(import.meta.dirname, '..', '..', '..', 'docs');
const kept = (): Promise<string> =>
  readFile(path.join(docs, 'reference', 'benchmarks', 'closed-loop-runs.jsonl'), 'utf8');

/** Fewer would say little of the next seed. */
const SEEDS_MIN = 20;

describe('the kept report', () => {
  it('has every arm of every seed', async () => {
    const runs = keptRuns(await kept());
    for (const { name } of arms) {
      const seeds = new Set(runs.filter(({ arm }) => arm === name).map(({ seed }) => seed));
      expect(seeds.size).toBeGreaterThanOrEqual(SEEDS_MIN);
    }
    expect(runs).toHaveLength(new Set(runs.map(({ seed }) => seed)).size * arms.length);
  });

  it('shows the tables that its lines come to', async () => {
    const page = await readFile(path.join(docs, 'explanation', 'closed-loop-report.md'), 'utf8');
    expect(withTables(page, keptRuns(await kept()))).toBe(page);
  });

  it('keeps the bench’s lines of the same runs', async () => {
    const file = path.join(docs, 'reference', 'benchmarks', 'closedloop.jsonl');
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      ...benchLines(keptRuns(await kept())),
    ]);
  });
});
