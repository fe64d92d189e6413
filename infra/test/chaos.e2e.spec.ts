import { describe, expect, it } from 'vitest';
import { runChaosProgram } from './runChaosProgram.ts';

/** Some eight blows; the long runs are nightly. */
const SECONDS = '30';

describe('half a minute of kills and freezes', () => {
  it('loses nothing, doubles nothing, and leaves no answer unknown', async () => {
    const result = await runChaosProgram(['--seconds', SECONDS, '--seed', '1']);
    expect(result).toMatchObject({ unknown: 0, lost: 0, duplicated: 0 });
    expect(result.accepted).toBe(result.inLog);
    expect(result.sent).toBe(result.accepted + result.refused);
    expect(result.accepted).toBeGreaterThan(50);
  });

  it.each([
    [['--brokers', '2'], '--brokers'],
    [['--seconds', '0'], '--seconds'],
    [['--seed', 'x'], '--seed'],
  ])('is refused with %j', async (parameters, named) => {
    const refused = await runChaosProgram(parameters).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 2 });
    expect((refused as { readonly stderr: string }).stderr).toContain(`${named} is`);
  });
});
