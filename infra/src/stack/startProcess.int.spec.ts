import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify, isAlive } from './processIdentity.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import { PartDidNotStart, startProcess } from './startProcess.ts';
import type { StartOptions } from './startProcess.ts';
import { stopProcess } from './stopProcess.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-start-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function shell(script: string, more: Partial<StartOptions> = {}): StartOptions {
  return {
    name: 'part',
    command: 'sh',
    arguments: ['-c', script],
    logFile: path.join(directory, 'part.log'),
    ready: (log) => log.includes('ready'),
    readyTimeoutMs: 5_000,
    ...more,
  };
}

async function goneWithin(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const until = Date.now() + milliseconds;
  while (isAlive(identity)) {
    if (Date.now() > until) return false;
    await sleep(20);
  }
  return true;
}

describe('starting a process', () => {
  it('waits until it says that it is ready, and looks only at what this start logged', async () => {
    const first = await startProcess(shell('echo ready; exec sleep 60'));
    await first.stop();
    const silent = shell('exec sleep 60', { readyTimeoutMs: 300 });
    await expect(startProcess(silent)).rejects.toThrow(/not ready after 300 ms/);
  });

  it('says why one that ended did, with its last words', async () => {
    const failed = startProcess(shell('echo the disk is full; exit 3'));
    await expect(failed).rejects.toThrow(PartDidNotStart);
    await expect(failed).rejects.toThrow(/exited with 3[^]*the disk is full/);
  });

  it('ends one that hangs on SIGTERM', async () => {
    const stubborn = shell('trap "" TERM; echo ready; while :; do sleep 0.1; done', {
      graceMs: 200,
    });
    const part = await startProcess(stubborn);
    await part.stop();
    expect(isAlive(part)).toBe(false);
  });

  it('gives up when told, and leaves nothing', async () => {
    const abort = new AbortController();
    let spawned: ProcessIdentity | undefined;
    const starting = startProcess(
      shell('exec sleep 60', {
        signal: abort.signal,
        onSpawn: (identity) => {
          spawned = identity;
          abort.abort();
          return Promise.resolve();
        },
      }),
    );
    await expect(starting).rejects.toThrow(/given up/);
    expect(isAlive(spawned!)).toBe(false);
  });
});

describe('a part whose starter dies', () => {
  const program = (release: boolean): string => `
    import { startProcess } from ${JSON.stringify(path.join(import.meta.dirname, 'startProcess.ts'))};
    const part = await startProcess({ name: 'part', command: 'sh', arguments: ['-c', 'echo ready; exec sleep 60'],
      logFile: ${JSON.stringify(path.join(directory, 'orphan.log'))}, ready: (log) => log.includes('ready'), readyTimeoutMs: 5000 });
    ${release ? 'part.release();' : ''}
    process.stdout.write(JSON.stringify({ pid: part.pid, started: part.started }) + '\\n');
    setInterval(() => undefined, 1000);`;

  async function partOf(release: boolean): Promise<ProcessIdentity> {
    const starter = spawn(process.execPath, ['--input-type=module', '-e', program(release)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(starter.stdout, 'data')) as [Buffer];
    const identity = JSON.parse(chunk.toString('utf8')) as ProcessIdentity;
    expect(isAlive(identity)).toBe(true);
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    return identity;
  }

  it('ends too, even by SIGKILL', async () => {
    expect(await goneWithin(await partOf(false), 5_000)).toBe(true);
  });

  it('lives on once it was released', async () => {
    const identity = await partOf(true);
    expect(await goneWithin(identity, 700)).toBe(false);
    await stopProcess(identity);
    expect(isAlive(identity)).toBe(false);
  });
});

describe('a recycled pid', () => {
  it('is never signalled: the process must have started when the recorded one did', async () => {
    const part = await startProcess(shell('echo ready; exec sleep 60'));
    const recorded = { pid: part.pid, started: `${part.started}0` };
    await stopProcess(recorded);
    expect(isAlive(recorded)).toBe(false);
    expect(isAlive(part)).toBe(true);
    expect(identify(part.pid)?.started).toBe(part.started);
    await part.stop();
  });

  it('is not mistaken for a live part when its process has ended', async () => {
    const part = await startProcess(shell('echo ready; exec sleep 60'));
    part.kill();
    await part.ended;
    expect(identify(part.pid)).toBeUndefined();
    expect(await readFile(path.join(directory, 'part.log'), 'utf8')).toContain('ready');
  });
});
