import { describe, expect, it } from 'vitest';
import { runChaosProgram } from './runChaosProgram.ts';

const SECONDS = '300';

describe('minutes of kills and freezes', () => {
  it.each([
    ['1', '11'],
    ['1', '12'],
    ['3', '13'],
    ['3', '14'],
  ])('on %s broker(s) lose nothing and double nothing (seed %s)', async (brokers, seed) => {
    const parameters = ['--seconds', SECONDS, '--seed', seed, '--brokers', brokers];
    const result = await runChaosProgram(parameters);
    process.stderr.write(`  ${brokers} broker(s): ${JSON.stringify(result)}\n`);
    expect(result).toMatchObject({ unknown: 0, lost: 0, duplicated: 0 });
    expect(result.accepted).toBe(result.inLog);
  });
});
