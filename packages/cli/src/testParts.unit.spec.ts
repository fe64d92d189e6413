import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { nightlyLastPassed, recordNightlyPassed } from './nightlyRecord.ts';
import { runTestParts } from './runTestParts.ts';
import { nightlyParts, partsOf, reaches } from './testParts.ts';

const part = (name: string) => ({ name, parameters: [], limitMs: 1 });
const passed = { passed: 1, failed: 0, skipped: 0 };
const failed = { passed: 0, failed: 1, skipped: 0 };

describe('the parts of a run of tests', () => {
  it('are the reaches in their order, and each nightly file by itself, all bounded', () => {
    expect(partsOf(reaches).map(({ name }) => name)).toEqual(['unit', 'sim', 'int', 'e2e']);
    expect(partsOf(['int']).map(({ parameters }) => parameters)).toEqual([['--project', 'int*']]);
    const nightly = nightlyParts();
    expect(nightly.length).toBeGreaterThan(2);
    for (const { name, parameters, limitMs } of nightly) {
      expect(name).toMatch(/\.nightly\.spec\.ts$/);
      expect(parameters).toEqual(['--project', 'nightly', name]);
      expect(limitMs).toBeLessThan(86_400_000);
    }
  });

  it('run and are told whatever became of the others, and again together at the end', async () => {
    const told: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0);
    const results = await runTestParts(
      ['a', 'b', 'c'].map(part),
      (each) =>
        Promise.resolve({ part: each, counts: each.name === 'b' ? failed : passed, seconds: 2 }),
      () => false,
    );
    expect(results.map(({ counts }) => counts)).toEqual([passed, failed, passed]);
    const lines = [
      '  a: 1 passed, 0 failed, 0 skipped, in 2 s',
      '  b: 0 passed, 1 failed, 0 skipped, in 2 s',
      '  c: 1 passed, 0 failed, 0 skipped, in 2 s',
    ];
    expect(told.join('').trimEnd().split('\n')).toEqual([...lines, '', ...lines]);
  });

  it('end with an interruption', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    let isInterrupted = false;
    const results = await runTestParts(
      ['a', 'b'].map(part),
      (each) => {
        isInterrupted = true;
        return Promise.resolve({ part: each, counts: passed, seconds: 0 });
      },
      () => isInterrupted,
    );
    expect(results).toHaveLength(1);
  });
});

describe('a night that passed', () => {
  it('is remembered with its time', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-nightly-'));
    expect(await nightlyLastPassed(directory)).toBe('never here');
    await recordNightlyPassed(new Date(0), directory);
    expect(await nightlyLastPassed(directory)).toBe('1970-01-01T00:00:00.000Z');
    await rm(directory, { recursive: true });
  });
});
