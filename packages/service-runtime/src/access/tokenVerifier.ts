import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { decodeJwt, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import { apiKeyVerifier, isApiKey } from './apiKey.ts';
import { claimsOfToken } from './claimsOfToken.ts';
import { oidcKeys } from './oidcKeys.ts';
import type { OidcIssuer } from './oidcIssuer.ts';
import { principalOf, unauthorized } from './principal.ts';
import type { Principal } from './principal.ts';
import { rereadKeys } from './rereadKeys.ts';
import type { RereadKeys } from './rereadKeys.ts';
import { FILE_HELD_MS_MAX } from './reread.ts';
import type { RereadOptions, SourceHealth } from './reread.ts';

/** One issuer by its keys in a file, as a local stack is for itself. */
export interface LocalTokens {
  readonly issuer: string;
  /** Read again every minute. */
  readonly jwksFile: string;
}

export interface TokenSettings {
  /** A local issuer or real ones, never both: what anybody can sign for himself opens no real door. */
  readonly tokens: LocalTokens | { readonly issuers: readonly OidcIssuer[] };
  /** Hashes of the API keys that are taken beside tokens; null or absent: none are. */
  readonly apiKeysFile?: string | null;
}

/** Clocks of two machines differ by less, seconds. */
const CLOCK_TOLERANCE_S = 10;
/** Tokens longer than this are not looked at. */
const TOKEN_LENGTH_MAX = 8_192;

export type VerifyToken = (token: string) => Promise<Principal>;

/** Verifies credentials, and tells how it is with what vouches for them. */
export interface TokenVerifier extends VerifyToken {
  readonly sources: () => readonly SourceHealth[];
}

/** An issuer with where its keys come from. */
interface TrustedIssuer {
  readonly settings: OidcIssuer;
  readonly keys: RereadKeys;
}

/** @returns a function that throws Problem 401 for whatever is wrong with a token or an API key */
export function tokenVerifier(settings: TokenSettings, options: RereadOptions = {}): TokenVerifier {
  const trusted = trustedIssuers(settings, options);
  const verifyToken = verifierOfTokens(trusted);
  const { apiKeysFile = null } = settings;
  const apiKeys = apiKeysFile === null ? null : apiKeyVerifier(apiKeysFile, options);
  const verifyKey = apiKeys?.verify ?? noKeys;
  const verify: VerifyToken = (credentials) =>
    isApiKey(credentials) ? verifyKey(credentials) : verifyToken(credentials);
  return Object.assign(verify, {
    sources: () => [
      ...[...trusted.values()].map(({ keys }) => keys.health()),
      ...(apiKeys === null ? [] : [apiKeys.health()]),
    ],
  });
}

const noKeys: VerifyToken = () => Promise.reject(unauthorized('API keys are not taken here.'));

function trustedIssuers(
  { tokens }: TokenSettings,
  options: RereadOptions,
): ReadonlyMap<string, TrustedIssuer> {
  function fromDiscovery(settings: OidcIssuer): TrustedIssuer {
    return { settings, keys: rereadKeys(oidcKeys(settings.issuer), options) };
  }
  function fromFile({ issuer, jwksFile }: LocalTokens): TrustedIssuer {
    const read = async (): Promise<JSONWebKeySet> =>
      JSON.parse(await readFile(jwksFile, 'utf8')) as JSONWebKeySet;
    const source = { place: jwksFile, read, heldMsMax: FILE_HELD_MS_MAX };
    return { settings: localIssuer(issuer), keys: rereadKeys(source, options) };
  }
  const all = 'issuers' in tokens ? tokens.issuers.map(fromDiscovery) : [fromFile(tokens)];
  return new Map(all.map((each) => [each.settings.issuer, each]));
}

function verifierOfTokens(trusted: ReadonlyMap<string, TrustedIssuer>): VerifyToken {
  return async (token) => {
    if (token.length > TOKEN_LENGTH_MAX) throw unauthorized('The token is too long.');
    try {
      const issuer = trusted.get(decodeJwt(token).iss ?? '');
      if (issuer === undefined) throw unauthorized('The token is of an issuer that is not known.');
      return principalOf(claimsOfToken(await checked(token, issuer), issuer.settings));
    } catch (error) {
      if (error instanceof errors.JOSEError) throw unauthorized(faultOfToken(error));
      throw error;
    }
  };
}

/** What its bearer can mend; of the keys and of what was expected nothing is told. */
function faultOfToken(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: fetch a new one.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return `The token lacks the claim ${error.claim}.`;
    return `The claim ${error.claim} of the token is not what is accepted here.`;
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return 'The signature of the token is of no key that its issuer has here.';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'The token is signed in a way that is not accepted here.';
  }
  return 'This is no token: a JWT, signed, in three parts.';
}

async function checked(token: string, { settings, keys }: TrustedIssuer): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, keys.keyOf, {
    issuer: settings.issuer,
    audience: settings.audience,
    // Named, so that a token cannot choose a weaker one, or none.
    algorithms: [...settings.algorithms],
    requiredClaims: ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE_S,
  });
  return payload;
}

function localIssuer(issuer: string): OidcIssuer {
  return {
    issuer,
    alias: null,
    otherAliases: [],
    audience: 'prorata',
    algorithms: ['EdDSA', 'Ed25519'],
    claims: {
      roles: 'roles',
      groups: 'groups',
      grants: 'grants',
      kind: 'kind',
      application: 'application',
    },
    roles: null,
    kind: null,
    subjects: {},
  };
}

/**
 * A bearer token, or an API key as one or in a header of its own.
 * @throws Problem 401 when the headers bring neither, or both: nobody knows then who is meant
 */
export function credentialsIn(headers: IncomingHttpHeaders): string {
  const { authorization, 'api-key': apiKey } = headers;
  if (typeof apiKey === 'string' && authorization === undefined) {
    if (isApiKey(apiKey)) return apiKey;
    throw unauthorized('The header Api-Key must hold an API key.');
  }
  const match = /^Bearer +(\S+)$/i.exec(authorization ?? '');
  if (match?.[1] === undefined || apiKey !== undefined) {
    throw unauthorized('A bearer token is needed, or an API key in Api-Key, and not both.');
  }
  return match[1];
}
