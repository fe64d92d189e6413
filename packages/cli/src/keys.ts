import { findPlan, tokenIssuer } from '@prorata/infra';
import { makeApiKey, Problem } from '@prorata/service-runtime';
import type { ApiKeyRecord } from '@prorata/service-runtime';
import { changeApiKeys, readApiKeys } from './apiKeyFile.ts';
import { CommandError } from './commandError.ts';
import { answer, tell } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';
import { claimsOf } from './token.ts';
import type { TokenOptions } from './token.ts';

export interface KeyFileOptions {
  /** The file of hashes; the local stack's when absent. */
  readonly file?: string;
}

export interface CreateKeyOptions extends KeyFileOptions, TokenOptions {
  readonly days: string;
  /** Whose subject it is; the local stack's own when absent, for a person without a --file. */
  readonly issuer?: string;
}

const DAY_MS = 86_400_000;
/** A key that nobody renews is a key that nobody watches, days. */
const DAYS_MAX = 366;

/** Prints a new API key, once. */
export async function createKey(options: CreateKeyOptions): Promise<number> {
  const days = Number(options.days);
  if (!Number.isInteger(days) || days < 1 || days > DAYS_MAX) {
    throw new CommandError(`--days must be 1 to ${DAYS_MAX}`, 2);
  }
  if (options.role === undefined && options.grant === undefined) {
    throw new CommandError('a key needs --role or --grant', 2);
  }
  const {
    subject,
    kind,
    roles,
    grants = [],
    groups = [],
    application = null,
  } = await claimsOf(options);
  const now = Date.now();
  const issuer = issuerOf(options, kind);
  const owner = { subject, issuer, kind, roles, grants, groups, application };
  const made = asked(() => makeApiKey(owner, { now, expiresAt: now + days * DAY_MS }));
  await changeApiKeys(await fileOf(options), (keys) => [...keys, made.record]);
  tell(`key ${made.record.id} of ${subject} ends ${made.record.expiresAt}; it is shown this once:`);
  answer(made.text);
  return 0;
}

/** A person's key is that person: it must say by whom the person is known. */
function issuerOf({ issuer, file }: CreateKeyOptions, kind: string): string | null {
  if (issuer !== undefined) return issuer;
  if (kind !== 'user') return null;
  if (file === undefined) return tokenIssuer;
  throw new CommandError('a key of a person needs --issuer, who signs that person’s tokens', 2);
}

export async function listKeys(options: KeyFileOptions & { json?: boolean }): Promise<number> {
  const keys = await readApiKeys(await fileOf(options));
  for (const key of keys) {
    answer(options.json === true ? JSON.stringify({ ...key, sha256: undefined }) : lineOf(key));
  }
  return 0;
}

/** A revoked key stays in the file, so that the list tells of it. */
export async function revokeKey(id: string, options: KeyFileOptions): Promise<number> {
  await changeApiKeys(await fileOf(options), (keys) => {
    if (!keys.some((key) => key.id === id)) throw new CommandError(`there is no key ${id}`);
    const revokedAt = new Date().toISOString();
    return keys.map((key) =>
      key.id === id && key.revokedAt === null ? { ...key, revokedAt } : key,
    );
  });
  tell(`key ${id} is revoked; services learn of it within a minute`);
  return 0;
}

function lineOf(key: ApiKeyRecord): string {
  const { id, subject, kind, roles, grants, application, expiresAt, revokedAt } = key;
  const state = revokedAt === null ? `ends ${expiresAt}` : `revoked ${revokedAt}`;
  const may = [...roles, ...grants].join(',');
  return [id, `${kind}:${subject}`, may, application ?? 'any application', state].join('  ');
}

async function fileOf({ file }: KeyFileOptions): Promise<string> {
  if (file !== undefined) return file;
  const plan = await findPlan(stackDirectory());
  if (plan !== undefined) return plan.secrets.apiKeysFile;
  throw new CommandError('There is no stack yet: ./prorata up starts one, or name a --file.');
}

/** What services would not take is the caller's mistake. */
function asked<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Problem ? new CommandError(error.detail, 2) : error;
  }
}
