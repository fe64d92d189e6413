import { generateKeyPairSync } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { commandSigner, turnSigner } from './commandSigner.ts';
import type { SignatureHeaders } from './commandSigner.ts';
import { LEAVES_MAX } from './hashTree.ts';
import { parsePublicKeys } from './publicKeys.ts';
import { SIGNATURE_PATH_HEADER, signatureHeaders, signedBytes } from './signedBytes.ts';
import type { SignedPlace } from './signedBytes.ts';
import { checkAtOnce, checkInThreads } from './checkBytes.ts';
import { verifySignature } from './verifySignature.ts';

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

describe('a signature over what one turn brought', () => {
  const placeOf = (number: number): SignedPlace => ({
    topic: 'quota.commands',
    key: Buffer.from('application:moka'),
    value: Buffer.from(`bytes ${number}`),
    signedAt: 5_000_000n + BigInt(number),
  });
  const recordOf = (place: SignedPlace, headers: SignatureHeaders): LogRecord => ({
    ...place,
    partition: 2,
    offset: 9n,
    timestampMs: 5,
    headers: new Map(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
  });

  async function signTogether(count: number): Promise<LogRecord[]> {
    const places = Array.from({ length: count }, (_, number) => placeOf(number));
    const sign = turnSigner('k1', pem);
    const headers = await Promise.all(places.map((place) => sign(place)));
    return places.map((place, index) => recordOf(place, headers[index] ?? {}));
  }

  it('is neither checked nor kept when it is longer than a signature is', async () => {
    const [record] = await signTogether(2);
    if (record === undefined) throw new TypeError('nothing was signed');
    let checks = 0;
    const forged = changed(record, signatureHeaders.signature, Buffer.alloc(900_000));
    const verdict = await verifySignature(forged, keyOf, () => {
      checks++;
      return false;
    });
    expect([verdict.ok, checks]).toEqual([false, 0]);
  });

  function changed(record: LogRecord, name: string, bytes: Buffer): LogRecord {
    return { ...record, headers: new Map([...record.headers, [name, bytes] as const]) };
  }

  it.each([1, 2, 3, 7, 64, LEAVES_MAX, LEAVES_MAX + 5])(
    'vouches for each of %i records, whatever their number',
    async (count) => {
      for (const record of await signTogether(count)) {
        const check = await verifySignature(record, keyOf, checkAtOnce);
        expect(check).toMatchObject({ ok: true });
      }
    },
  );

  it('is checked once for all of them', async () => {
    let checks = 0;
    const counting = (...given: Parameters<typeof checkAtOnce>) => {
      checks++;
      return checkAtOnce(...given);
    };
    const records = await signTogether(50);
    await Promise.all(records.map((record) => verifySignature(record, keyOf, counting)));
    expect(checks).toBe(1);
  });

  it('does not hold for a record that was not among them, or was changed since', async () => {
    const [one, two] = await signTogether(3);
    if (one === undefined || two === undefined) throw new Error('not signed');
    const forged = [
      { ...one, value: Buffer.from('bytes 9') },
      { ...one, topic: 't1.quota.commands' },
      { ...one, key: Buffer.from('application:tidb') },
      { ...one, headers: two.headers },
      changed(one, signatureHeaders.signedAt, Buffer.from('1')),
    ];
    for (const record of forged) {
      expect(await verifySignature(record, keyOf, checkAtOnce)).toMatchObject({
        code: 'COMMAND_SIGNATURE_INVALID',
      });
    }
  });

  it('does not hold on a path that is torn, turned, too long or empty', async () => {
    const [record] = await signTogether(4);
    const path = record?.headers.get(SIGNATURE_PATH_HEADER);
    if (record === undefined || path === undefined) throw new Error('not signed');
    const turned = Buffer.from(path);
    turned[0] = 1 - (turned[0] ?? 0);
    const unknownSide = Buffer.from(path);
    unknownSide[0] = 2;
    const long = Buffer.alloc(33 * 9);
    for (const bytes of [turned, unknownSide, path.subarray(1), long, Buffer.alloc(0)]) {
      const forged = changed(record, SIGNATURE_PATH_HEADER, bytes);
      expect(await verifySignature(forged, keyOf, checkAtOnce)).toMatchObject({
        code: 'COMMAND_SIGNATURE_INVALID',
      });
    }
  });

  it('cannot be passed off as the signature of a single record', async () => {
    const [record] = await signTogether(2);
    if (record === undefined) throw new Error('not signed');
    const headers = new Map(record.headers);
    headers.delete(SIGNATURE_PATH_HEADER);
    expect(await verifySignature({ ...record, headers }, keyOf, checkAtOnce)).toMatchObject({
      code: 'COMMAND_SIGNATURE_INVALID',
    });
  });

  it('is no longer believed under a key that was replaced', async () => {
    const [record] = await signTogether(2);
    if (record === undefined) throw new Error('not signed');
    expect(await verifySignature(record, keyOf, checkAtOnce)).toMatchObject({ ok: true });
    const other = generateKeyPairSync('ed25519').publicKey;
    const replaced = await verifySignature(record, () => Promise.resolve(other), checkAtOnce);
    expect(replaced).toMatchObject({ code: 'COMMAND_SIGNATURE_INVALID' });
  });
});
