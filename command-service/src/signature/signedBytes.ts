/** Where a signature stands on a record of quota.commands. */
export const signatureHeaders = {
  keyId: 'prorata-key-id',
  /** Microseconds since the epoch as decimal digits. */
  signedAt: 'prorata-signed-at',
  /** 64 raw bytes. */
  signature: 'prorata-signature',
} as const;

/** Set apart from whatever else the key may ever sign. */
const PURPOSE = 'prorata command 1';

export interface SignedPlace {
  /** The topic's full name: a command of one namespace means nothing in another. */
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
  /** Microseconds since the epoch. */
  readonly signedAt: bigint;
}

/**
 * What Ed25519 signs. Each part is preceded by its length, so that no bytes can move from one part
 * to the next under the same signature.
 */
export function signedBytes({ topic, key, value, signedAt }: SignedPlace): Buffer {
  const parts = [Buffer.from(PURPOSE), Buffer.from(topic), key, Buffer.from(`${signedAt}`), value];
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
