import type { JSONWebKeySet } from 'jose';
import { isLoopbackHost } from '../loopback.ts';
import type { RereadSource } from './reread.ts';

/** An issuer that is slower than this counts as away, milliseconds. */
const TIMEOUT_MS = 5_000;
/** Far above what issuers answer, far under what would hurt, bytes. */
const ANSWER_BYTES_MAX = 262_144;
/** While the issuer is away its keys hold so long: an outage must not lock everybody out, milliseconds. */
const HELD_MS_MAX = 3_600_000;
/** An issuer has a few keys; more would only make every check slower. */
const KEYS_MAX = 100;

/** The keys of an issuer, by its discovery document, which is asked each time: the keys may move. */
export function oidcKeys(issuer: string): RereadSource<JSONWebKeySet> {
  const place = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  return {
    place: issuer,
    heldMsMax: HELD_MS_MAX,
    async read() {
      const document = await fetchJson(place);
      if (document['issuer'] !== issuer) {
        throw new TypeError(`${place} is the document of ${String(document['issuer'])}.`);
      }
      const keys = await fetchJson(keysPlace(document['jwks_uri']));
      return keySetOf(keys);
    },
  };
}

/** @throws TypeError for anything that somebody on the way could answer in the issuer's place */
function keysPlace(given: unknown): string {
  if (typeof given === 'string' && URL.canParse(given)) {
    const { protocol, hostname } = new URL(given);
    if (protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))) return given;
  }
  throw new TypeError('The jwks_uri of the discovery document is no https URL.');
}

function keySetOf(given: Record<string, unknown>): JSONWebKeySet {
  const { keys } = given;
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) {
    throw new TypeError(`The keys are no list of up to ${KEYS_MAX}.`);
  }
  return { keys: keys as JSONWebKeySet['keys'] };
}

/** Redirects are refused: they could lead anywhere, into the own network too. */
async function fetchJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  const parsed: unknown = JSON.parse(await boundedText(response, url));
  if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  throw new TypeError(`${url} is no JSON object.`);
}

async function boundedText(response: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX)
      throw new RangeError(`${url} has over ${ANSWER_BYTES_MAX} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
