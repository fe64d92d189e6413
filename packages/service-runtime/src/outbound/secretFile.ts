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
 * The text of a secret: a file of that name in the application's folder of the operator's directory, read each
 * time so that it can be rotated. A folder for each: whoever registers one application must not have another's
 * secret sent to a place of his.
 * @throws SecretMissing, without the secret
 */
export async function secretText(
  { directory, application }: SecretPlace,
  name: string,
): Promise<string> {
  if (directory === null || !isSegment(application) || !NAME.test(name)) {
    throw new SecretMissing(`No secret ${name}.`);
  }
  const text = await readFile(path.join(directory, application, name), 'utf8').catch(() => '');
  if (text.trim() === '') throw new SecretMissing(`The secret ${name} cannot be read.`);
  return text.trim();
}
