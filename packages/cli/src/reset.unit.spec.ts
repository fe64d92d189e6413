import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reset } from './down.ts';

let directory = '';
let secret = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-reset-'));
  secret = path.join(directory, 'stack', 'secrets', 'postgres.password');
  await mkdir(path.dirname(secret), { recursive: true });
  await writeFile(secret, 'secret');
  vi.stubEnv('PRORATA_STACK_DIRECTORY', path.join(directory, 'stack'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

describe('a reset', () => {
  it('forgets nothing where nobody can be asked, and says what to type', async () => {
    await expect(reset({})).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/--yes stops the stack in .*prorata-reset-/) as string,
    });
    expect(existsSync(secret)).toBe(true);
  });

  it('forgets what was agreed beforehand', async () => {
    expect(await reset({ yes: true })).toBe(0);
    expect(existsSync(secret)).toBe(false);
  });
});
