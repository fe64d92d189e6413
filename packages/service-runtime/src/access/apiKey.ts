import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { API_KEY_ISSUER } from '@prorata/quota-model';
import type { ActorKind } from '@prorata/schemas';
import { principalOf, unauthorized } from './principal.ts';
import type { Principal } from './principal.ts';
import { FILE_HELD_MS_MAX, reread } from './reread.ts';
import type { RereadOptions, SourceHealth } from './reread.ts';

/** A key as it is kept: its hash alone, with whose it is and what it may. */
export interface ApiKeyRecord {
  readonly id: string;
  /** Of the whole key, hex. Its secret has 256 random bits: there is nothing to guess, and a slow hash would only slow the door. */
  readonly sha256: string;
  readonly subject: string;
  /**
   * Whose subject that is: with it the key is the same principal as the tokens of that issuer, so that
   * nobody approves with one what he proposed with the other. A person's key must have it; absent or
   * null, the subject is a name among keys alone.
   */
  readonly issuer?: string | null;
  readonly kind: ActorKind;
  readonly roles: readonly string[];
  /** `role@scope` */
  readonly grants: readonly string[];
  readonly groups: readonly string[];
  readonly application: string | null;
  /** RFC 3339, all three. */
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
}

export type ApiKeyOwner = Pick<
  ApiKeyRecord,
  'subject' | 'issuer' | 'kind' | 'roles' | 'grants' | 'groups' | 'application'
>;

const PREFIX = 'prk_';
const FORM = /^prk_([a-z0-9]{12})_[A-Za-z0-9_-]{43}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const SECRET_BYTES = 32;
/** Names a key in lists and logs; 48 bits, so that two of one file do not meet. */
const ID_BYTES = 6;
/** All are read every minute; a fleet of services has far fewer. */
const API_KEYS_MAX = 10_000;

/** Whether credentials are meant to be a key, and so are no token. */
export function isApiKey(credentials: string): boolean {
  return credentials.startsWith(PREFIX);
}

/**
 * A new key. `text` is shown once and kept nowhere.
 * @param times milliseconds since the epoch
 * @throws Problem 401 naming what of the owner no service would take
 */
export function makeApiKey(
  owner: ApiKeyOwner,
  times: { readonly now: number; readonly expiresAt: number },
): { readonly text: string; readonly record: ApiKeyRecord } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `${PREFIX}${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  const record: ApiKeyRecord = {
    id,
    sha256: sha256(text).toString('hex'),
    ...owner,
    createdAt: new Date(times.now).toISOString(),
    expiresAt: new Date(times.expiresAt).toISOString(),
    revokedAt: null,
  };
  principalOfKey(record);
  return { text, record };
}

/** @throws TypeError naming the first key that has not the form, never what it holds */
export function parseApiKeys(text: string): readonly ApiKeyRecord[] {
  const { keys } = JSON.parse(text) as { readonly keys?: unknown };
  if (!Array.isArray(keys) || keys.length > API_KEYS_MAX) {
    throw new TypeError(`keys must be a list of up to ${API_KEYS_MAX}.`);
  }
  const records = keys as readonly ApiKeyRecord[];
  for (const [at, record] of records.entries()) assertRecord(record, at);
  return records;
}

export function apiKeysText(keys: readonly ApiKeyRecord[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}

/**
 * Checks keys by a file of their hashes, read again every minute, and for an unknown id at most every
 * ten seconds: a new key works within ten seconds, and a revoked one stops within a minute.
 * @param nowMs milliseconds since the epoch
 */
export function apiKeyVerifier(
  file: string,
  options: RereadOptions = {},
  nowMs: () => number = Date.now,
): ApiKeyVerifier {
  const read = async (): Promise<ReadonlyMap<string, ApiKeyRecord>> => {
    const records = parseApiKeys(await readFile(file, 'utf8'));
    return new Map(records.map((record) => [record.id, record]));
  };
  const known = reread({ place: file, read, heldMsMax: FILE_HELD_MS_MAX }, options);
  const verify = async (text: string): Promise<Principal> => {
    const id = FORM.exec(text)?.[1];
    if (id === undefined) throw refused();
    const record = (await known.current()).get(id) ?? (await known.again())?.get(id);
    if (record === undefined || !isOf(text, record)) throw refused();
    if (record.revokedAt !== null) throw unauthorized(`The API key ${id} is revoked.`);
    if (Date.parse(record.expiresAt) <= nowMs()) {
      throw unauthorized(`The API key ${id} has ended.`);
    }
    return principalOfKey(record);
  };
  return { verify, health: known.health };
}

export interface ApiKeyVerifier {
  /** @throws Problem 401, or 503 while the file has not been read, or not for ten minutes */
  readonly verify: (text: string) => Promise<Principal>;
  readonly health: () => SourceHealth;
}

/** One answer for what is no key and for what is not ours. */
const refused = (): Error => unauthorized('The API key is not known.');

/** Hashes of equal length are compared in constant time. */
function isOf(text: string, { sha256: kept }: ApiKeyRecord): boolean {
  return timingSafeEqual(sha256(text), Buffer.from(kept, 'hex'));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function principalOfKey(record: ApiKeyRecord): Principal {
  const { expiresAt, issuer: named, ...claims } = record;
  if (record.kind === 'user' && (named ?? null) === null) {
    throw unauthorized(
      `The API key ${record.id} of a person names no issuer that knows the person.`,
    );
  }
  const issuer = named ?? API_KEY_ISSUER;
  return principalOf({ ...claims, issuer, endsAtMs: Date.parse(expiresAt) });
}

function assertRecord(record: ApiKeyRecord, at: number): void {
  const holds =
    typeof record === 'object' &&
    /^[a-z0-9]{12}$/.test(record.id) &&
    SHA256.test(record.sha256) &&
    !Number.isNaN(Date.parse(record.expiresAt)) &&
    (record.revokedAt === null || !Number.isNaN(Date.parse(record.revokedAt)));
  if (!holds) throw new TypeError(`The key at ${at} has not the form of one.`);
}
