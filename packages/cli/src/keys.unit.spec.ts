import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseApiKeys, tokenVerifier } from '@prorata/service-runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { changeApiKeys } from './apiKeyFile.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';

let directory: string;
let file: string;
let printed: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-keys-'));
  file = path.join(directory, 'keys.json');
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

const options = { subject: 'billing', kind: 'service', role: ['member'], days: '90' };
const verify = (text: string) =>
  tokenVerifier({
    tokens: { issuer: 'https://issuer.test', jwksFile: 'nowhere' },
    apiKeysFile: file,
  })(text);

describe('API keys by the command line', () => {
  it('are made, taken by a service, listed without their secret, and revoked', async () => {
    await createKey({ ...options, grant: ['operator@moka'], group: ['group:b'], file });
    const text = printed.trim();
    expect(await verify(text)).toMatchObject({
      actor: { subject: 'billing', kind: 'service' },
      roles: ['member'],
      groups: ['group:b'],
    });
    const [{ id } = { id: '' }] = parseApiKeys(await readFile(file, 'utf8'));
    printed = '';
    await listKeys({ file });
    await listKeys({ file, json: true });
    expect(printed).toContain(id);
    expect(printed).not.toContain(text.slice(17));
    expect(printed).not.toContain('sha256');
    await revokeKey(id, { file });
    await expect(verify(text)).rejects.toMatchObject({ status: 401 });
  });

  it('stand in a file for its owner alone, changed as a whole', async () => {
    await createKey({ ...options, file });
    await createKey({ ...options, file });
    expect(parseApiKeys(await readFile(file, 'utf8'))).toHaveLength(2);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await readdir(directory)).toEqual(['keys.json']);
  });

  it('are changed by one at a time, and stay when a change fails', async () => {
    await createKey({ ...options, file });
    const before = await readFile(file, 'utf8');
    await expect(revokeKey('unknown', { file })).rejects.toThrow('no key unknown');
    expect(await readFile(file, 'utf8')).toBe(before);
    await writeFile(`${file}.new`, '');
    await expect(changeApiKeys(file, (keys) => keys)).rejects.toThrow('is being changed');
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it.each([
    { days: '0' },
    { days: '367' },
    { days: 'x' },
    { role: ['king'] },
    { role: ['robot'] },
    { role: undefined },
    { kind: 'user' },
  ])('are not made with %j', async (more) => {
    const asked = { ...options, file, ...more } as Parameters<typeof createKey>[0];
    await expect(createKey(asked)).rejects.toMatchObject({ exitCode: 2 });
  });
});
