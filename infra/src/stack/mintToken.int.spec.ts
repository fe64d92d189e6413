import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { tokenVerifier } from '@prorata/service-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintToken, tokenIssuer } from './mintToken.ts';
import { provideSecrets } from './stackSecrets.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-secrets-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the secrets of a stack', () => {
  it('are made once and readable by their owner alone', async () => {
    const first = await provideSecrets(directory);
    const second = await provideSecrets(directory);
    expect(second).toEqual(first);
    const others = 0o077;
    expect((await stat(first.signingKeyFile)).mode & others).toBe(0);
    expect((await stat(path.join(directory, 'kafka-auditor.password'))).mode & others).toBe(0);
  });

  it('mint tokens that a service takes, and another stack’s tokens it does not', async () => {
    const { jwksFile } = await provideSecrets(directory);
    const verify = tokenVerifier({ tokens: { issuer: tokenIssuer, jwksFile } });
    const claims = { subject: 'olga', kind: 'user', roles: ['operator'] } as const;
    const principal = await verify(await mintToken(directory, claims));
    expect(principal).toMatchObject({
      actor: { kind: 'user', subject: 'olga' },
      roles: ['operator'],
    });
    const elsewhere = path.join(directory, 'elsewhere');
    await provideSecrets(elsewhere);
    await expect(verify(await mintToken(elsewhere, claims))).rejects.toThrow();
    expect(await readFile(jwksFile, 'utf8')).not.toContain('"d"');
  });
});
