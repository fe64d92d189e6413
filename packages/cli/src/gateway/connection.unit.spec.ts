import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { findConnection } from './connection.ts';

const url = 'https://quotas.example';

it('takes the gateway and the token that the environment names', async () => {
  expect(await findConnection({ PRORATA_URL: `${url}/`, PRORATA_TOKEN: 'secret' })).toEqual({
    gatewayUrl: url,
    token: 'secret',
  });
});

it('takes a token from a file, without the line end that editors leave', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-token-'));
  const file = path.join(folder, 'token');
  await writeFile(file, 'secret\n');
  expect(await findConnection({ PRORATA_URL: url, PRORATA_TOKEN_FILE: file })).toMatchObject({
    token: 'secret',
  });
  await rm(folder, { recursive: true });
});

it.each([
  ['no token', { PRORATA_URL: url }, 'PRORATA_TOKEN_FILE'],
  ['a file that is not there', { PRORATA_URL: url, PRORATA_TOKEN_FILE: '/none' }, 'cannot be read'],
  ['a network in clear', { PRORATA_URL: 'http://quotas.example', PRORATA_TOKEN: 't' }, 'in clear'],
  [
    'no address',
    { PRORATA_URL: 'quotas', PRORATA_TOKEN: 't' },
    'must be the http or https address',
  ],
  [
    'a name in the address',
    { PRORATA_URL: 'https://me:pw@quotas.example', PRORATA_TOKEN: 't' },
    'without a name',
  ],
])('refuses %s', async (_what, environment, message) => {
  await expect(findConnection(environment)).rejects.toThrow(message);
});

it('never says a token that it refuses', async () => {
  const token = 'sec ret\n';
  const refused = findConnection({ PRORATA_URL: url, PRORATA_TOKEN: token });
  await expect(refused).rejects.toThrow('holds no token');
  await expect(refused).rejects.not.toThrow('ret');
});

it.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
  'lets %s have it, which is this machine',
  async (address) => {
    const found = await findConnection({ PRORATA_URL: address, PRORATA_TOKEN: 't' });
    expect(found.gatewayUrl).toBe(address);
  },
);

it('lets a network in clear have it where somebody says that it is trusted', async () => {
  const environment = {
    PRORATA_URL: 'http://gateway',
    PRORATA_TOKEN: 't',
    PRORATA_ALLOW_HTTP: '1',
  };
  expect((await findConnection(environment)).gatewayUrl).toBe('http://gateway');
});
