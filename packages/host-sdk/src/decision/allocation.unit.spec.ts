import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../test/allocationProgram.ts', import.meta.url));

it('decides without allocating a byte: allowed, refused, delayed, peeked, with permits, over levels', async () => {
  // Compiled where it is called: on a busy machine the compiler's own thread would come too late.
  const flags = ['--expose-gc', '--no-concurrent-recompilation'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
  const bytes = JSON.parse(stdout) as Record<string, number>;
  expect(Object.keys(bytes)).toHaveLength(9);
  // Below half a byte a call, it is what measuring takes.
  for (const [kind, each] of Object.entries(bytes))
    expect([kind, each < 0.5]).toEqual([kind, true]);
}, 30_000);
