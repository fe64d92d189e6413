import { createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import type { JWK } from 'jose';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimsOfToken } from './claimsOfToken.ts';
import { parseIssuers } from './oidcIssuer.ts';
import { tokenVerifier } from './tokenVerifier.ts';
import type { VerifyToken } from './tokenVerifier.ts';

/** An OpenID provider over HTTP, whose keys can be replaced and which can be away. */
let server: Server;
let issuer: string;
let answer: RequestListener;
let requests: string[];
const keys: Record<'first' | 'second' | 'strange', JWK> = {} as never;

beforeAll(async () => {
  for (const name of ['first', 'second', 'strange'] as const) {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const use = { kid: name === 'strange' ? 'first' : name, alg: 'RS256', use: 'sig' };
    keys[name] = { ...(await exportJWK(privateKey)), ...use };
  }
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  answer = provider([keys.first]);
});
afterAll(() => server.close());

function provider(jwks: readonly JWK[]): RequestListener {
  const made = new Provider(issuer, {
    jwks: { keys: [...jwks] as never },
    clients: [
      {
        client_id: 'billing',
        client_secret: 'not a secret in a test',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `${issuer}/prorata`,
        getResourceServerInfo: (_context, resource) => ({
          audience: resource === `${issuer}/prorata` ? 'prorata' : 'elsewhere',
          scope: 'read',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: () => ({
      realm_access: { roles: ['quota-operators', 'offline_access'] },
      groups: ['group:ads'],
      'https://prorata.example/grants': ['auditor@moka'],
    }),
  });
  const handle = made.callback();
  return (request, response) => void handle(request, response);
}

/** The token that the provider itself gives out. */
async function tokenFromProvider(resource = 'prorata'): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('billing:not%20a%20secret%20in%20a%20test').toString('base64')}`,
    },
    body: `grant_type=client_credentials&resource=${encodeURIComponent(`${issuer}/${resource}`)}`,
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

interface Forgery {
  readonly key?: JWK;
  readonly audience?: string;
  readonly issuer?: string;
  readonly expires?: string;
}

/** A token as the provider would sign it, or nearly. */
async function signed(forgery: Forgery = {}): Promise<string> {
  const key = forgery.key ?? keys.first;
  return new SignJWT({ kind: 'user', realm_access: { roles: [] } })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid ?? '' })
    .setIssuer(forgery.issuer ?? issuer)
    .setAudience(forgery.audience ?? 'prorata')
    .setSubject('u-1')
    .setExpirationTime(forgery.expires ?? '5m')
    .sign(await importJWK(key, 'RS256'));
}

let nowMs = 0;
const faults: Error[] = [];
function verifier(more: object = {}): VerifyToken {
  const parsed = parseIssuers(
    JSON.stringify([
      {
        issuer,
        claims: { roles: 'realm_access.roles', grants: 'https://prorata.example/grants' },
        roles: { 'quota-operators': 'operator', 'quota-admins': ['admin', 'auditor'] },
        kind: 'service',
        ...more,
      },
    ]),
  );
  if ('faults' in parsed) throw new Error(parsed.faults.join('; '));
  return tokenVerifier(
    { tokens: parsed },
    { now: () => nowMs, onFault: (error) => faults.push(error) },
  );
}

const refused = { status: 401, code: 'UNAUTHORIZED' };

describe('a token of an OpenID provider', () => {
  it('becomes a principal, in the words of the issuer’s settings', async () => {
    const principal = await verifier()(await tokenFromProvider());
    expect(principal).toEqual({
      actor: { kind: 'service', issuer, subject: 'billing' },
      roles: ['operator'],
      grants: [{ role: 'auditor', scope: 'moka' }],
      groups: ['group:ads'],
      application: null,
      endsAtMs: expect.any(Number) as number,
    });
  });

  it('has what the settings say of its subject on top', async () => {
    const subjects = {
      billing: { kind: 'robot', roles: ['robot'], grants: ['robot@tidb'], application: 'moka' },
    };
    const principal = await verifier({ subjects })(await tokenFromProvider());
    expect(principal).toMatchObject({
      actor: { kind: 'robot' },
      roles: ['operator', 'robot'],
      application: 'moka',
      grants: [
        { role: 'auditor', scope: 'moka' },
        { role: 'robot', scope: 'tidb' },
      ],
    });
  });

  it('has its groups behind the alias of its issuer, so that no other issuer may name them', async () => {
    const other = { issuer: 'https://login.example', alias: 'home' };
    const principal = await verifier({ alias: 'partner' })(await tokenFromProvider());
    expect(principal.groups).toEqual(['partner/group:ads']);
    const subjects = { billing: { groups: ['home/team-ads'] } };
    const known = await verifier({ alias: 'partner', subjects })(await tokenFromProvider());
    expect(known.groups).toEqual(['partner/group:ads', 'home/team-ads']);
    const groups = ['home/team-ads', 'homely/team-ads', 'team-ads'];
    const parsed = parseIssuers(JSON.stringify([{ issuer }, other]));
    if ('faults' in parsed) throw new Error(parsed.faults.join('; '));
    const [plain] = parsed.issuers;
    if (plain === undefined) throw new Error('There is no issuer.');
    expect(claimsOfToken({ groups }, plain).groups).toEqual(['homely/team-ads', 'team-ads']);
  });

  it('that does not say its kind is refused, unless the settings do', async () => {
    await expect(verifier({ kind: null })(await tokenFromProvider())).rejects.toMatchObject(
      refused,
    );
  });

  it.each<[string, () => Promise<string> | string]>([
    ['for another audience', () => tokenFromProvider('other')],
    ['that has ended', () => signed({ expires: '-1m' })],
    ['of another issuer', () => signed({ issuer: `${issuer}/other` })],
    ['signed by a stranger under the same key id', () => signed({ key: keys.strange })],
    [
      'without a signature',
      () =>
        new UnsecuredJWT({ kind: 'user' })
          .setIssuer(issuer)
          .setAudience('prorata')
          .setSubject('u-1')
          .setExpirationTime('5m')
          .encode(),
    ],
    [
      'signed with the public key as if it were a secret',
      () => {
        const pem = createPublicKey({ key: keys.first, format: 'jwk' }).export({
          type: 'spki',
          format: 'pem',
        });
        return new SignJWT({ kind: 'user' })
          .setProtectedHeader({ alg: 'HS256', kid: 'first' })
          .setIssuer(issuer)
          .setAudience('prorata')
          .setSubject('u-1')
          .setExpirationTime('5m')
          .sign(Buffer.from(pem.toString()));
      },
    ],
  ])('%s is refused', async (_what, token) => {
    await expect(verifier()(await token())).rejects.toMatchObject(refused);
  });

  it('of an algorithm that the settings do not name is refused', async () => {
    const check = verifier({ algorithms: ['ES256'] });
    await expect(check(await tokenFromProvider())).rejects.toMatchObject(refused);
  });
});

describe('the keys of an OpenID provider', () => {
  it('rotate: the new one works after ten seconds, the one taken away stops after a minute', async () => {
    const check = verifier();
    const [old, fresh] = [await signed(), await signed({ key: keys.second })];
    await check(old);
    answer = provider([keys.second]);
    nowMs += 5_000;
    await expect(check(fresh)).rejects.toMatchObject(refused);
    nowMs += 6_000;
    await check(fresh);
    await expect(check(old)).rejects.toMatchObject(refused);
  });

  it('that are taken away stop after a minute, though nobody names another', async () => {
    const check = verifier();
    const old = await signed();
    await check(old);
    answer = provider([keys.second]);
    nowMs += 59_000;
    await check(old);
    nowMs += 2_000;
    await expect(check(old)).rejects.toMatchObject(refused);
  });

  it('are asked for once, however many unknown ones are named', async () => {
    const check = verifier();
    await check(await signed());
    requests = [];
    nowMs += 11_000;
    const strange = await signed({ key: { ...keys.strange, kid: 'nobody' } });
    const tries = Array.from({ length: 50 }, () => check(strange).catch(() => null));
    await Promise.all(tries);
    expect(requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('hold for an hour while the issuer is away, and nobody gets in after it', async () => {
    const check = verifier();
    await check(await signed());
    answer = (_request, response) => void response.writeHead(503).end();
    nowMs += 3_600_000;
    faults.length = 0;
    await check(await signed());
    expect(faults).toHaveLength(1);
    nowMs += 120_000;
    await expect(check(await signed())).rejects.toMatchObject({
      status: 503,
      code: 'ISSUER_UNAVAILABLE',
      options: { headers: { 'retry-after': '10' } },
    });
  });

  it.each<[string, RequestListener]>([
    [
      'speaks for another issuer',
      (_request, response) =>
        void response.end(JSON.stringify({ issuer: 'https://other', jwks_uri: `${issuer}/jwks` })),
    ],
    [
      'names keys in clear text elsewhere',
      (_request, response) =>
        void response.end(JSON.stringify({ issuer, jwks_uri: 'http://keys.example/jwks' })),
    ],
    [
      'names keys in a file',
      (_request, response) =>
        void response.end(JSON.stringify({ issuer, jwks_uri: 'file:///etc/passwd' })),
    ],
    [
      'leads elsewhere',
      (_request, response) =>
        void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['never ends', (_request, response) => void response.end(`{"x":"${'x'.repeat(300_000)}"}`)],
    ['is no JSON', (_request, response) => void response.end('<html>')],
  ])('are not those of a document that %s', async (_what, listener) => {
    answer = listener;
    await expect(verifier()(await signed())).rejects.toMatchObject({ status: 503 });
  });
});

describe('the settings of issuers', () => {
  const faultsOf = (given: unknown): readonly string[] => {
    const parsed = parseIssuers(typeof given === 'string' ? given : JSON.stringify(given));
    return 'faults' in parsed ? parsed.faults : [];
  };

  it('need no more than the issuer', () => {
    expect(parseIssuers('[{ "issuer": "https://login.example" }]')).toMatchObject({
      issuers: [{ issuer: 'https://login.example', audience: 'prorata', kind: null }],
    });
  });

  it.each<[string, unknown, string]>([
    ['no JSON', '{', 'it is no JSON'],
    ['no list', {}, 'list of 1 to 20'],
    ['clear text', [{ issuer: 'http://login.example' }], '/0/issuer must be an https URL'],
    ['a symmetric algorithm', [{ issuer: 'https://a', algorithms: ['HS256'] }], '/0/algorithms'],
    ['no algorithm', [{ issuer: 'https://a', algorithms: ['none'] }], '/0/algorithms'],
    ['an empty list of algorithms', [{ issuer: 'https://a', algorithms: [] }], '/0/algorithms'],
    ['an unknown role', [{ issuer: 'https://a', roles: { x: 'king' } }], '/0/roles/x'],
    ['an unknown field', [{ issuer: 'https://a', jwks: [] }], '/0/jwks is no field'],
    ['an unknown kind', [{ issuer: 'https://a', kind: 'demon' }], '/0/kind'],
    [
      'a subject of an unknown role',
      [{ issuer: 'https://a', subjects: { s: { roles: ['king'] } } }],
      '/0/subjects/s/roles',
    ],
    ['an alias with a slash', [{ issuer: 'https://a', alias: 'a/b' }], '/0/alias'],
    ['two of no alias', [{ issuer: 'https://a' }, { issuer: 'https://b' }], 'an alias of its own'],
    [
      'an alias twice',
      [
        { issuer: 'https://a', alias: 'a' },
        { issuer: 'https://b', alias: 'a' },
      ],
      'an alias of its own',
    ],
    ['the same issuer twice', [{ issuer: 'https://a' }, { issuer: 'https://a' }], 'twice'],
  ])('with %s are refused', (_what, given, fault) => {
    expect(faultsOf(given).join('; ')).toContain(fault);
  });
});
