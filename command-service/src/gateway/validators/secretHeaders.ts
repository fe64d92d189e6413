import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isSegment } from '@prorata/quota-model';

/** The secret that a registration names is not there, or is none. */
export class SecretMissing extends Error {
  override readonly name = 'SecretMissing';
}

const NAME = /^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$/;

/** Where an application's secrets are; null: nowhere. */
export interface SecretPlace {
  readonly directory: string | null;
  /** A segment, as the id of every application that is registered. */
  readonly application: string;
}

/**
 * Headers that prove to a validator who asks. The secret is a file of that name in the application's
 * folder of the operator's directory, `bearer <token>` or `hmac <key>`, read at each question so that
 * it can be rotated. A folder for each: whoever registers one application must not have another's
 * secret sent to a validator of his.
 * @param body what `hmac` signs, with the second of asking: HMAC-SHA256 over `<second>.<body>`
 * @throws SecretMissing, without the secret
 */
export async function secretHeaders(
  { directory, application }: SecretPlace,
  name: string | null,
  body: string,
  nowMicros: bigint,
): Promise<Record<string, string>> {
  if (name === null) return {};
  if (directory === null || !isSegment(application) || !NAME.test(name)) {
    throw new SecretMissing(`No secret ${name}.`);
  }
  const text = await readFile(path.join(directory, application, name), 'utf8').catch(() => '');
  const [, kind, secret] = /^(bearer|hmac)\s+(\S+)\s*$/.exec(text) ?? [];
  if (secret === undefined) throw new SecretMissing(`The secret ${name} cannot be read.`);
  if (kind === 'bearer') return { authorization: `Bearer ${secret}` };
  const second = (nowMicros / 1_000_000n).toString();
  const signature = createHmac('sha256', secret).update(`${second}.${body}`).digest('hex');
  return { 'prorata-signature': `t=${second},v1=${signature}` };
}
