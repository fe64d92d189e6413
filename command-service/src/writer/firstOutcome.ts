import type { CommandOutcome } from '@prorata/schemas';

/** Bytes kept of a digest: enough that nobody finds two alike. */
export const DIGEST_BYTES = 16;

/** What of a first outcome its command, sent again, does not say itself. */
export interface FirstOutcome {
  /** The command's body, digested, as latin1. */
  readonly body: string;
  readonly commandOffset: bigint;
  readonly decidedAt: bigint;
  readonly keptSince: bigint;
  readonly streamVersion: bigint;
  readonly events: number;
  readonly quotaId: string | null;
  readonly quotaVersion: bigint | null;
  readonly result: CommandOutcome['result'];
  readonly status: CommandOutcome['status'];
  /** null: of what was accepted with nothing more to say, as nearly all is. */
  readonly words: Pick<CommandOutcome, 'code' | 'message' | 'violations'> | null;
}

const HAS_QUOTA = 1;
const HAS_QUOTA_VERSION = 2;
const HAS_RESULT = 4;
const IS_REFUSED = 8;
/** Refused or not, it has words. */
const HAS_WORDS = 32;
/** Written only when it is not the decision's own time. */
const HAS_KEPT_SINCE = 16;

/** Bytes of everything but texts, at most: flags, digest, two times, four numbers of ten bytes. */
const FIXED_BYTES_MAX = 1 + DIGEST_BYTES + 2 * 8 + 4 * 10;
/** Texts are short: a quota's path, a proposal's id, the violations of a refusal. */
let scratch = Buffer.alloc(64 * 1024);

/** The outcome in as few bytes as it takes; they are overwritten by the next call. */
export function bytesOfFirst(first: FirstOutcome): Buffer {
  const { quotaId, quotaVersion, result, status, words, keptSince, decidedAt } = first;
  const texts = [quotaId, result, words === null ? null : JSON.stringify(words)];
  const textBytes = texts.reduce((sum, text) => sum + 10 + (text?.length ?? 0) * 3, 0);
  if (scratch.length < FIXED_BYTES_MAX + textBytes)
    scratch = Buffer.alloc(FIXED_BYTES_MAX + textBytes);
  const flags =
    (quotaId === null ? 0 : HAS_QUOTA) |
    (quotaVersion === null ? 0 : HAS_QUOTA_VERSION) |
    (result === null ? 0 : HAS_RESULT) |
    (status === 'refused' ? IS_REFUSED : 0) |
    (words === null ? 0 : HAS_WORDS) |
    (keptSince === decidedAt ? 0 : HAS_KEPT_SINCE);
  let at = scratch.writeUInt8(flags, 0);
  at += scratch.write(first.body, at, DIGEST_BYTES, 'latin1');
  at = scratch.writeBigInt64LE(decidedAt, at);
  if (keptSince !== decidedAt) at = scratch.writeBigInt64LE(keptSince, at);
  at = writeNumber(Number(first.commandOffset), at);
  at = writeNumber(Number(first.streamVersion), at);
  at = writeNumber(first.events, at);
  if (quotaVersion !== null) at = writeNumber(Number(quotaVersion), at);
  for (const text of texts) if (text !== null) at = writeText(text, at);
  return scratch.subarray(0, at);
}

export function firstOfBytes(bytes: Buffer): FirstOutcome {
  const flags = bytes.readUInt8(0);
  const from = { bytes, at: 1 + DIGEST_BYTES + 8 };
  const decidedAt = bytes.readBigInt64LE(1 + DIGEST_BYTES);
  let keptSince = decidedAt;
  if ((flags & HAS_KEPT_SINCE) !== 0) {
    keptSince = bytes.readBigInt64LE(from.at);
    from.at += 8;
  }
  return {
    body: bytes.toString('latin1', 1, 1 + DIGEST_BYTES),
    decidedAt,
    keptSince,
    commandOffset: BigInt(readNumber(from)),
    streamVersion: BigInt(readNumber(from)),
    events: readNumber(from),
    quotaVersion: (flags & HAS_QUOTA_VERSION) === 0 ? null : BigInt(readNumber(from)),
    quotaId: (flags & HAS_QUOTA) === 0 ? null : readText(from),
    result: (flags & HAS_RESULT) === 0 ? null : readText(from),
    status: (flags & IS_REFUSED) === 0 ? 'accepted' : 'refused',
    words: (flags & HAS_WORDS) === 0 ? null : (JSON.parse(readText(from)) as FirstOutcome['words']),
  };
}

interface Reading {
  readonly bytes: Buffer;
  at: number;
}

/** Seven bits a byte, the lowest first; exact up to 2^53, which no offset or version reaches. */
function writeNumber(value: number, at: number): number {
  let rest = value;
  let end = at;
  for (; rest >= 128; rest = Math.floor(rest / 128))
    end = scratch.writeUInt8((rest % 128) | 128, end);
  return scratch.writeUInt8(rest, end);
}

function readNumber(from: Reading): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = from.bytes.readUInt8(from.at++);
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

function writeText(text: string, at: number): number {
  const end = writeNumber(Buffer.byteLength(text), at);
  return end + scratch.write(text, end);
}

function readText(from: Reading): string {
  const length = readNumber(from);
  from.at += length;
  return from.bytes.toString('utf8', from.at - length, from.at);
}
