import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkoutDirectory, isAlive, removeStack } from '@prorata/infra';
import type { ProcessIdentity } from '@prorata/infra';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-up-'));
});
afterEach(() => removeStack(directory));

/** The launcher as a script outside the project calls it, on a stack of this test's own. */
function prorata(...parameters: string[]): ChildProcess {
  const environment = { ...process.env, PRORATA_STACK_DIRECTORY: directory };
  for (const name of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL']) {
    Reflect.deleteProperty(environment, name);
  }
  return spawn(path.join(checkoutDirectory, 'prorata'), parameters, {
    env: environment,
    cwd: os.tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly complaints: string;
}

async function run(...parameters: string[]): Promise<Ran> {
  const child = prorata(...parameters);
  let out = '';
  let complaints = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    complaints += chunk.toString('utf8');
  });
  child.stdout!.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, complaints };
}

async function recorded(): Promise<ProcessIdentity[]> {
  const folder = path.join(directory, 'processes');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
  return texts.map((text) => JSON.parse(text) as ProcessIdentity);
}

/** The processes of a start that is under way: Postgres and at least one JVM. */
async function underWay(): Promise<ProcessIdentity[]> {
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    const found = await recorded();
    if (found.length >= 2) return found;
    await sleep(50);
  }
  throw new Error('the start never got under way');
}

async function allGone(identities: readonly ProcessIdentity[]): Promise<boolean> {
  const until = Date.now() + 15_000;
  while (identities.some(isAlive)) {
    if (Date.now() > until) return false;
    await sleep(100);
  }
  return true;
}

describe('up', () => {
  it('leaves its parts running, a second up finds them, and down ends them', async () => {
    const first = await run('up', '--services', 'none', '--json');
    expect(first.code).toBe(0);
    const addresses = JSON.parse(first.out) as Record<string, string>;
    expect(Object.keys(addresses)).toEqual(['gateway', 'registry', 'kafka', 'postgres', 'usage']);
    const parts = await recorded();
    expect(parts).toHaveLength(3);
    expect(parts.every(isAlive)).toBe(true);

    const second = await run('up', '--services', 'none', '--json');
    expect(JSON.parse(second.out)).toEqual(addresses);
    expect(await recorded()).toEqual(parts);

    const status = await run('status', '--json');
    expect(JSON.parse(status.out)).toEqual(addresses);
    // The services were left out: the stack is not all there.
    expect(status.code).toBe(1);
    expect((await run('token')).out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);

    expect((await run('down')).code).toBe(0);
    expect(parts.some(isAlive)).toBe(false);

    // The registry answers before it has read its own journal; the manifest must wait for that.
    const again = await run('up', '--services', 'none', '--json');
    expect(again.complaints).toContain('manifest applied: 0 topics made, 0 schemas registered');
    expect((await run('down')).code).toBe(0);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('leaves no orphan when %s ends it', async (signal) => {
    const child = prorata('up', '--services', 'none');
    child.stderr!.resume();
    const closed = once(child, 'close');
    const parts = await underWay();
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    expect(code).toBe(signal === 'SIGINT' ? 130 : null);
    expect(await allGone([...parts, ...(await recorded())])).toBe(true);
  });
});

describe('the contract of the other commands', () => {
  it('says what to do when there is no stack', async () => {
    expect((await run('status')).code).toBe(1);
    expect((await run('token')).code).toBe(1);
    expect((await run('test', 'nonsense')).code).toBe(2);
    const audited = await run('audit', 'verify');
    expect(audited).toMatchObject({ code: 2, out: '' });
    expect(audited.complaints).toContain('./prorata up');
    const asked = await run('usage', 'query', 'SELECT 1');
    expect(asked).toMatchObject({ code: 2, out: '' });
    expect(asked.complaints).toContain('./prorata up');
    const logged = await run('logs');
    expect(logged.code).toBe(1);
    expect(logged.complaints).toContain('There is no stack yet');
  });

  it('calls what makes no sense 2, and answers what is asked of the command line itself', async () => {
    expect((await run('nonsense')).code).toBe(2);
    expect((await run('status', '--nonsense')).code).toBe(2);
    expect((await run('bench')).code).toBe(2);
    expect((await run('bench', 'nonsense')).code).toBe(2);
    expect((await run('bench', '--help')).out).toContain('./prorata bench commands');
    expect(await run('--version')).toMatchObject({ code: 0, out: '0.1.0\n' });
    expect((await run('--help')).out).toContain('bench');
    expect((await run('status', '--help')).out).toContain('password');
    expect((await run('audit', '--help')).out).toContain('usage: audit verify');
    expect((await run('usage', '--help')).out).toContain('usage: usage import FILE');
  });
});
