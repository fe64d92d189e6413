import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textWithoutSecrets, withoutSecrets } from '../withoutSecrets.ts';
import { apiKeysText, apiKeyVerifier, makeApiKey, parseApiKeys } from './apiKey.ts';
import type { ApiKeyOwner } from './apiKey.ts';
import { credentialsIn, tokenVerifier } from './tokenVerifier.ts';

const DAY_MS = 86_400_000;
const owner: ApiKeyOwner = {
  subject: 'billing',
  kind: 'service',
  roles: ['member'],
  grants: ['operator@moka/prod'],
  groups: ['group:billing'],
  application: 'moka',
};
const times = { now: 0, expiresAt: DAY_MS };
const unknown = { status: 401, detail: 'The API key is not known.' };

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-keys-'));
  file = path.join(directory, 'keys.json');
});
afterAll(() => rm(directory, { recursive: true }));

describe('an API key', () => {
  it('names its owner, and in the file stands its hash alone', async () => {
    const { text, record } = makeApiKey(owner, times);
    await writeFile(file, apiKeysText([record]));
    expect(text).toMatch(/^prk_[a-z0-9]{12}_[\w-]{43}$/);
    expect(await readFile(file, 'utf8')).not.toContain(text.slice(17));
    expect(await apiKeyVerifier(file, {}, () => 0).verify(text)).toEqual({
      actor: { kind: 'service', issuer: 'prorata:api-keys', subject: 'billing' },
      roles: ['member'],
      grants: [{ role: 'operator', scope: 'moka/prod' }],
      groups: ['group:billing'],
      application: 'moka',
      endsAtMs: DAY_MS,
    });
  });

  it('with another secret, of another form or of another file is not known', async () => {
    const { text, record } = makeApiKey(owner, times);
    await writeFile(file, apiKeysText([record]));
    const check = apiKeyVerifier(file, {}, () => 0).verify;
    const other = makeApiKey(owner, times).text;
    const forged = text.slice(0, 17) + other.slice(17);
    for (const each of [other, forged, `${text}x`, 'prk_', text.toUpperCase()]) {
      await expect(check(each)).rejects.toMatchObject(unknown);
    }
  });

  it('stops when it ends', async () => {
    const { text, record } = makeApiKey(owner, times);
    await writeFile(file, apiKeysText([record]));
    let nowMs = DAY_MS - 1;
    const check = apiKeyVerifier(file, {}, () => nowMs).verify;
    await check(text);
    nowMs++;
    await expect(check(text)).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
  });

  it('works ten seconds after it was made, and stops a minute after it was revoked', async () => {
    await writeFile(file, apiKeysText([]));
    let nowMs = 0;
    const check = apiKeyVerifier(file, { now: () => nowMs }, () => 0).verify;
    const { text, record } = makeApiKey(owner, times);
    await expect(check(text)).rejects.toMatchObject(unknown);
    await writeFile(file, apiKeysText([record]));
    nowMs += 11_000;
    await check(text);
    await writeFile(file, apiKeysText([{ ...record, revokedAt: '1970-01-01T00:00:00Z' }]));
    nowMs += 59_000;
    await check(text);
    nowMs += 2_000;
    await expect(check(text)).rejects.toMatchObject({ status: 401 });
  });

  it('holds through a file that is half written, and is 503 where there never was one', async () => {
    const { text, record } = makeApiKey(owner, times);
    await writeFile(file, apiKeysText([record]));
    let nowMs = 0;
    const faults: Error[] = [];
    const options = { now: () => nowMs, onFault: (error: Error) => faults.push(error) };
    const check = apiKeyVerifier(file, options, () => 0).verify;
    await check(text);
    await writeFile(file, '{ "keys": [');
    nowMs += 61_000;
    await check(text);
    expect(faults).toHaveLength(1);
    const nowhere = apiKeyVerifier(path.join(directory, 'nowhere'), options).verify;
    await expect(nowhere(text)).rejects.toMatchObject({ status: 503 });
  });

  it('is not believed for ever when its file cannot be read: a revoked one would be, too', async () => {
    const { text, record } = makeApiKey(owner, { now: 0, expiresAt: 10 * DAY_MS });
    await writeFile(file, apiKeysText([record]));
    let nowMs = 0;
    const faults: Error[] = [];
    const options = { now: () => nowMs, onFault: (error: Error) => faults.push(error) };
    const { verify, health } = apiKeyVerifier(file, options, () => 0);
    await verify(text);
    expect(health()).toEqual({ place: file, isBelieved: true, failingS: null });
    await writeFile(file, 'not JSON');
    nowMs += 61_000;
    await verify(text);
    nowMs += 598_000;
    await verify(text);
    expect(health()).toMatchObject({ isBelieved: true, failingS: 598 });
    nowMs += 2_000;
    await expect(verify(text)).rejects.toMatchObject({ status: 503, code: 'ISSUER_UNAVAILABLE' });
    expect(health()).toMatchObject({ isBelieved: false, failingS: 600 });
    // Asked for its health alone, it finds out that the file is whole again.
    await writeFile(file, apiKeysText([record]));
    nowMs += 11_000;
    health();
    await expect.poll(health).toMatchObject({ isBelieved: true, failingS: null });
    await verify(text);
  });

  it('of a person is that person, as by the person’s tokens', async () => {
    const person: ApiKeyOwner = { ...owner, kind: 'user', subject: 'alice' };
    expect(() => makeApiKey(person, times)).toThrow('names no issuer');
    const { text, record } = makeApiKey({ ...person, issuer: 'https://idp.test' }, times);
    await writeFile(file, apiKeysText([record]));
    expect((await apiKeyVerifier(file, {}, () => 0).verify(text)).actor).toEqual({
      kind: 'user',
      issuer: 'https://idp.test',
      subject: 'alice',
    });
    await writeFile(file, apiKeysText([{ ...record, issuer: null }]));
    await expect(apiKeyVerifier(file, {}, () => 0).verify(text)).rejects.toMatchObject({
      status: 401,
    });
  });

  it('is not made for an owner that no service would take', () => {
    for (const more of [{ kind: 'robot' }, { grants: ['king@moka'] }, { subject: '' }] as const) {
      expect(() => makeApiKey({ ...owner, ...more }, times)).toThrow();
    }
  });

  it.each(['{}', '[]', '{"keys":{}}', '{"keys":[{}]}', '{"keys":[null]}', 'x'])(
    'is in no file like %s',
    (text) => {
      expect(() => parseApiKeys(text)).toThrow();
    },
  );

  it('stands in no log', () => {
    const { text } = makeApiKey(owner, times);
    expect(textWithoutSecrets(`refused ${text}, sorry`)).toBe('refused [redacted], sorry');
    expect(JSON.stringify(withoutSecrets({ headers: { 'api-key': text } }))).not.toContain('prk_');
  });

  it('is taken only where a file of keys is set, beside tokens', async () => {
    const { text, record } = makeApiKey(owner, { now: 0, expiresAt: Date.now() + DAY_MS });
    await writeFile(file, apiKeysText([record]));
    const tokens = { issuer: 'https://issuer.test', jwksFile: 'nowhere' };
    expect((await tokenVerifier({ tokens, apiKeysFile: file })(text)).actor.subject).toBe(
      'billing',
    );
    await expect(tokenVerifier({ tokens })(text)).rejects.toMatchObject({ status: 401 });
  });
});

describe('credentials', () => {
  const key = makeApiKey(owner, times).text;

  it('are a bearer token, or an API key in one of two headers', () => {
    expect(credentialsIn({ authorization: 'Bearer token' })).toBe('token');
    expect(credentialsIn({ authorization: `bearer ${key}` })).toBe(key);
    expect(credentialsIn({ 'api-key': key })).toBe(key);
  });

  it.each([
    ['nothing', {}],
    ['both', { authorization: 'Bearer token', 'api-key': key }],
    ['a basic header', { authorization: 'Basic dTpw' }],
    ['a token in Api-Key', { 'api-key': 'eyJ.x.y' }],
    ['an empty header', { authorization: 'Bearer ' }],
    ['two words', { authorization: 'Bearer a b' }],
  ])('are not %s', (_what, headers) => {
    expect(() => credentialsIn(headers)).toThrow(expect.objectContaining({ status: 401 }));
  });
});
