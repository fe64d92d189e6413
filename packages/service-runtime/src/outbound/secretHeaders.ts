import { createHmac } from 'node:crypto';
import { SecretMissing, secretText } from './secretFile.ts';
import type { SecretPlace } from './secretFile.ts';

/**
 * Headers that prove who asks. The secret is `bearer <token>` or `hmac <key>`.
 * @param body what `hmac` signs, with the second of asking: HMAC-SHA256 over `<second>.<body>`
 * @throws SecretMissing, without the secret
 */
export async function secretHeaders(
  place: SecretPlace,
  name: string | null,
  body: string,
  nowMicros: bigint,
): Promise<Record<string, string>> {
  if (name === null) return {};
  return proofHeaders(name, await secretText(place, name), body, nowMicros / 1_000_000n);
}

/**
 * @param text of the secret
 * @param second since the epoch
 * @throws SecretMissing, without the secret
 */
export function proofHeaders(
  name: string,
  text: string,
  body: string,
  second: bigint,
): Record<string, string> {
  const [, kind, secret] = /^(bearer|hmac)\s+(\S+)$/.exec(text) ?? [];
  if (secret === undefined) throw new SecretMissing(`The secret ${name} cannot be read.`);
  if (kind === 'bearer') return { authorization: `Bearer ${secret}` };
  const signature = createHmac('sha256', secret)
    .update(`${second.toString()}.${body}`)
    .digest('hex');
  return { 'prorata-signature': `t=${second.toString()},v1=${signature}` };
}
