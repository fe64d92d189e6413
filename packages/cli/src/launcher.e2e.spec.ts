import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { checkoutDirectory } from '@prorata/infra';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A checkout with the real launcher, a command line that says that it ran, and an npm that takes its time. */
let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'prorata-launcher-'));
  await copyFile(path.join(checkoutDirectory, 'prorata'), path.join(root, 'prorata'));
  await mkdir(path.join(root, 'packages/cli/src'), { recursive: true });
  await mkdir(path.join(root, '.prorata'));
  await mkdir(path.join(root, 'bin'));
  await writeFile(path.join(root, 'package-lock.json'), '{}\n');
  await writeFile(path.join(root, 'packages/cli/src/main.ts'), "process.stdout.write('ran');");
  const npm =
    '#!/bin/sh\necho start >>"$LOG"; sleep 1; mkdir -p "$ROOT/node_modules"; echo end >>"$LOG"\n';
  await writeFile(path.join(root, 'bin/npm'), npm);
  await chmod(path.join(root, 'bin/npm'), 0o755);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const launcher = () =>
  spawn(path.join(root, 'prorata'), [], {
    env: {
      PATH: [path.join(root, 'bin'), path.dirname(process.execPath), process.env['PATH']].join(':'),
      LOG: path.join(root, 'npm.log'),
      ROOT: root,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });

async function launch(): Promise<string> {
  const child = launcher();
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8');
  });
  await once(child, 'close');
  return out;
}

async function deadPid(): Promise<string> {
  const child = spawn('true');
  await once(child, 'exit');
  return String(child.pid);
}

const npmLog = (): Promise<string> => readFile(path.join(root, 'npm.log'), 'utf8');

describe('the launcher', () => {
  it('does not wait for a holder that was killed before it could say who it was', async () => {
    await mkdir(path.join(root, '.prorata/setup.lock'));
    expect(await launch()).toBe('ran');
  }, 20_000);

  it('takes a dead lock over in one of those that wait, and prepares once', async () => {
    await symlink(await deadPid(), path.join(root, '.prorata/setup.holder'));
    const launches = Array.from({ length: 6 }, launch);
    expect(new Set(await Promise.all(launches))).toEqual(new Set(['ran']));
    expect(await npmLog()).toBe('start\nend\n');
    expect(existsSync(path.join(root, '.prorata/setup.holder'))).toBe(false);
  }, 30_000);

  it('removes what an interrupted install has left, and leaves a running one alone', async () => {
    const left = path.join(root, `.prorata/tools.${await deadPid()}`);
    const running = path.join(root, `.prorata/tools.${String(process.pid)}`);
    await Promise.all([mkdir(left), mkdir(running)]);
    await launch();
    expect([existsSync(left), existsSync(running)]).toEqual([false, true]);
  }, 20_000);

  it('leaves no npm behind that goes on installing after it was given up', async () => {
    const deaf = `#!/bin/sh\ntrap '' TERM\necho $$ >"$ROOT/npm.pid"\nwhile :; do sleep 0.1; done\n`;
    await writeFile(path.join(root, 'bin/npm'), deaf);
    await chmod(path.join(root, 'bin/npm'), 0o755);
    const child = launcher();
    const pidFile = path.join(root, 'npm.pid');
    await expect.poll(() => existsSync(pidFile), { timeout: 20_000 }).toBe(true);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(130);
    const npm = Number(await readFile(pidFile, 'utf8'));
    expect(() => process.kill(npm, 0)).toThrow('ESRCH');
  });
});
