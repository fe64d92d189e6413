import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecretMissing } from './secretFile.ts';
import { secretHeaders } from './secretHeaders.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-secrets-'));
  await mkdir(path.join(directory, 'moka'));
  await writeFile(path.join(directory, 'moka', 'capacity'), 'bearer of-moka\n');
  await writeFile(path.join(directory, 'everybodys'), 'bearer of-nobody\n');
});
afterAll(() => rm(directory, { recursive: true }));

describe('the secret that a registration names', () => {
  const of = (application: string, name: string): Promise<Record<string, string>> =>
    secretHeaders({ directory, application }, name, '{}', 5n);

  it('is sent for the application in whose folder it is', async () => {
    expect(await of('moka', 'capacity')).toEqual({ authorization: 'Bearer of-moka' });
  });

  it.each([
    ['another application', 'tidb', 'capacity'],
    ['an application that is a way elsewhere', '..', 'capacity'],
    ['a name that is a way elsewhere', 'moka', '../moka/capacity'],
    ['a file beside the folders', 'moka', 'everybodys'],
    ['a folder', 'moka', 'moka'],
  ])('is not there for %s', async (_what, application, name) => {
    await expect(of(application, name)).rejects.toThrow(SecretMissing);
  });
});
