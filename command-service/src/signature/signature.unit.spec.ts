import { generateKeyPairSync } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { commandSigner } from './commandSigner.ts';
import { parsePublicKeys } from './publicKeys.ts';
import { signatureHeaders, signedBytes } from './signedBytes.ts';
import { checkAtOnce, checkInThreads, verifySignature } from './verifySignature.ts';

const pair = generateKeyPairSync('ed25519');
const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const keys = parsePublicKeys(JSON.stringify({ k1: publicPem }));
const keyOf = (id: string) => Promise.resolve(keys.get(id) ?? null);

function signed(changes: Partial<LogRecord> = {}, drop?: string): LogRecord {
  const [key, value] = [Buffer.from('application:moka'), Buffer.from('bytes')];
  const place = { topic: 'quota.commands', key, value, signedAt: 5_000_000n };
  const headers = new Map(
    Object.entries(commandSigner('k1', pem)(place)).map(([name, text]) => [
      name,
      Buffer.from(text),
    ]),
  );
  if (drop !== undefined) headers.delete(drop);
  return { ...place, partition: 2, offset: 9n, timestampMs: 5, headers, ...changes };
}

describe('a signature on a command', () => {
  it.each([checkAtOnce, checkInThreads])('holds for the very record', async (check) => {
    expect(await verifySignature(signed(), keyOf, check)).toEqual({
      ok: true,
      signedAt: 5_000_000n,
    });
  });

  it.each(Object.values(signatureHeaders))('is missing without %s', async (name) => {
    expect(await verifySignature(signed({}, name), keyOf, checkAtOnce)).toMatchObject({
      code: 'COMMAND_UNSIGNED',
    });
  });

  it.each<[string, Partial<LogRecord>]>([
    ['other bytes', { value: Buffer.from('Bytes') }],
    ['another key', { key: Buffer.from('application:tidb') }],
    ['another topic', { topic: 't1.quota.commands' }],
    ['no value', { value: null }],
  ])('does not hold for %s', async (_what, changes) => {
    expect(await verifySignature(signed(changes), keyOf, checkAtOnce)).toMatchObject({
      code: 'COMMAND_SIGNATURE_INVALID',
    });
  });

  it.each<[string, string, Buffer]>([
    ['another time', signatureHeaders.signedAt, Buffer.from('5000001')],
    ['a time that is none', signatureHeaders.signedAt, Buffer.from('-5')],
    ['an unknown key', signatureHeaders.keyId, Buffer.from('k2')],
    ['a torn signature', signatureHeaders.signature, Buffer.alloc(10)],
  ])('does not hold with %s', async (_what, name, bytes) => {
    const record = signed();
    const headers = new Map([...record.headers, [name, bytes] as const]);
    const check = await verifySignature({ ...record, headers }, keyOf, checkAtOnce);
    expect(check).toMatchObject({ code: 'COMMAND_SIGNATURE_INVALID' });
  });

  it('covers where one part ends and the next begins', () => {
    const at = { topic: 't', signedAt: 1n };
    const one = signedBytes({ ...at, key: Buffer.from('ab'), value: Buffer.from('c') });
    const other = signedBytes({ ...at, key: Buffer.from('a'), value: Buffer.from('bc') });
    expect(one.equals(other)).toBe(false);
  });

  it('is made and checked with Ed25519 keys alone', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const rsaPem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(() => commandSigner('k1', rsaPem)).toThrow(TypeError);
    expect(() => parsePublicKeys(JSON.stringify({ k1: rsaPublic }))).toThrow(TypeError);
  });
});
