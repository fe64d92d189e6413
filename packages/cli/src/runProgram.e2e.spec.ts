import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive } from '@prorata/infra';
import type { ProcessIdentity } from '@prorata/infra';
import { describe, expect, it } from 'vitest';

const module = JSON.stringify(path.join(import.meta.dirname, 'runProgram.ts'));

interface Runner {
  readonly process: ChildProcess;
  readonly program: ProcessIdentity;
  /** What the program has printed so far. */
  printed(): string;
}

/** Runs a shell script, which says its pid first, as the command line would, without a terminal. */
async function runnerOf(script: string, more: { readonly limitMs?: number } = {}): Promise<Runner> {
  const source = `
    import { runProgram } from ${module};
    const program = { command: 'sh', arguments: ['-c', ${JSON.stringify(script)}] };
    process.exitCode = await runProgram({ ...program, ...${JSON.stringify(more)} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A session of its own: Ctrl-C of a terminal that runs this test is no part of it.
    detached: true,
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
  });
  await expect.poll(() => printed, { timeout: 10_000 }).toMatch(/pid \d+\n/);
  const program = identify(Number(/pid (\d+)\n/.exec(printed)![1]));
  return { process: child, program: program!, printed: () => printed };
}

async function goneWithin(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const until = Date.now() + milliseconds;
  while (isAlive(identity)) {
    if (Date.now() > until) return false;
    await sleep(20);
  }
  return true;
}

describe('a program that the command line runs', () => {
  it.each([
    ['SIGINT', 'INT'],
    ['SIGTERM', 'TERM'],
  ] as const)(
    'is told of a %s that was sent to the command line alone, once',
    async (signal, name) => {
      const script = `n=0; trap 'n=$((n+1)); echo told $n' ${name}; echo pid $$; while [ $n = 0 ]; do sleep 0.05; done; sleep 0.3; exit 7`;
      const runner = await runnerOf(script);
      runner.process.kill(signal);
      const [code] = (await once(runner.process, 'close')) as [number | null];
      expect(code).toBe(7);
      expect(runner.printed().match(/told/g)).toHaveLength(1);
    },
  );

  it('ends with all that it runs itself, as with Ctrl-C', async () => {
    // As `npm run` does: the shell waits for its own program and tells it nothing.
    const runner = await runnerOf(`sh -c 'echo pid $$; exec sleep 60'; exit 5`);
    runner.process.kill('SIGINT');
    const [code] = (await once(runner.process, 'close')) as [number | null];
    expect(code).toBe(130);
    expect(isAlive(runner.program)).toBe(false);
  });

  it('ends at its limit, with all that it runs itself', async () => {
    const runner = await runnerOf(`sh -c 'echo pid $$; exec sleep 60'; exit 5`, { limitMs: 1_500 });
    const [code] = (await once(runner.process, 'close')) as [number | null];
    expect(code).toBe(128 + 15);
    expect(isAlive(runner.program)).toBe(false);
  });

  it('does not outlive a command line that is killed', async () => {
    const runner = await runnerOf('echo pid $$; exec sleep 60');
    runner.process.kill('SIGKILL');
    expect(await goneWithin(runner.program, 5_000)).toBe(true);
  });
});
