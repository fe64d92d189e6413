/** Where a signature stands on a record of quota.commands. */
export const signatureHeaders = {
  keyId: 'prorata-key-id',
  /** Microseconds since the epoch as decimal digits. */
  signedAt: 'prorata-signed-at',
  /** 64 raw bytes. */
  signature: 'prorata-signature',
} as const;

/**
 * Beside the signature when it is one over several records: the way from this record to the root that
 * was signed. Without it the signature is over this record alone.
 */
export const SIGNATURE_PATH_HEADER = 'prorata-signature-path';

/** Set apart from whatever else the key may ever sign. */
const PURPOSE = 'prorata command 1';
/** Of the root of several commands: it can never be taken for one. */
const ROOT_PURPOSE = 'prorata commands 1';

export interface SignedPlace {
  /** The topic's full name: a command of one namespace means nothing in another. */
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
  /** Microseconds since the epoch. */
  readonly signedAt: bigint;
}

/** What is signed of one record, by itself or as a leaf. */
export function signedBytes({ topic, key, value, signedAt }: SignedPlace): Buffer {
  const time = Buffer.from(`${signedAt}`);
  return withLengths([Buffer.from(PURPOSE), Buffer.from(topic), key, time, value]);
}

/** What is signed of several records: the root over their leaves. */
export function signedRoot(root: Buffer): Buffer {
  return withLengths([Buffer.from(ROOT_PURPOSE), root]);
}

/**
 * Each part is preceded by its length, so that no bytes can move from one part to the next under the
 * same signature.
 */
function withLengths(parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    at = bytes.writeUInt32BE(part.length, at);
    at += part.copy(bytes, at);
  }
  return bytes;
}
