import { canonicalBytes, fullNameOf, sha256 } from '@prorata/schemas';
import type { SchemaJson } from '@prorata/schemas';
import { anchoredPartition } from '@prorata/quota-model';

/** A line that is no exported anchor, or one that was altered. */
export class AnchorUnreadable extends Error {
  override readonly name = 'AnchorUnreadable';
}

/** The last event of a stream. */
export interface KeptHead {
  readonly stream: string;
  readonly version: bigint;
  /** Lower-case hex. */
  readonly hash: string;
}

/** An anchor as it was exported; docs/reference/anchors.md has the form of its line. */
export interface ExportedAnchor {
  readonly partition: number;
  readonly offset: bigint;
  /** The anchor's own place in its stream, and its hash. */
  readonly own: KeptHead;
  readonly decidedAt: bigint;
  /** Events of the partition that it covers. */
  readonly events: bigint;
  readonly heads: readonly KeptHead[];
  readonly keyId: string;
  readonly signature: Buffer;
  readonly signedBytes: Buffer;
}

const RECORD = fullNameOf.HeadsAnchored;
const PURPOSE = 'prorata anchor 1\n';
const VERSION = /^[1-9]\d{0,18}$/;
const NUMBER = /^\d{1,19}$/;
const HASH = /^[0-9a-f]{64}$/;
const HEX = /^([0-9a-f]{2}){0,1024}$/;

export const isVersionText = (text: unknown): text is string =>
  typeof text === 'string' && VERSION.test(text);
export const isHashText = (text: unknown): text is string =>
  typeof text === 'string' && HASH.test(text);

/**
 * @param written the record in the fields of the schema that wrote it
 * @returns one line, without its end
 */
export function anchorLine(
  partition: number,
  offset: bigint,
  written: { readonly schema: SchemaJson; readonly value: unknown },
): string {
  const record = canonicalBytes(written.schema, written.value);
  const hash = sha256(record).toString('hex');
  return `{"partition":${partition},"offset":"${offset}","hash":"${hash}","record":${record.toString('utf8')}}`;
}

/** @throws AnchorUnreadable when it is none, or not as its own hash says */
export function anchorFromLine(text: string, line: number): ExportedAnchor {
  const json = objectIn(parsed(text, line));
  const record = objectIn(json['record']);
  const fields = objectIn(record[RECORD]);
  const envelope = objectIn(fields['envelope']);
  const { partition, offset, hash } = json;
  const { stream, streamVersion, decidedAt } = envelope;
  const { keyId, signature, events, heads } = fields;
  const isAnchor =
    typeof partition === 'number' &&
    typeof stream === 'string' &&
    anchoredPartition(stream) === partition &&
    isNumberText(offset) &&
    isHashText(hash) &&
    isVersionText(streamVersion) &&
    isNumberText(decidedAt) &&
    isNumberText(events) &&
    typeof keyId === 'string' &&
    typeof signature === 'string' &&
    HEX.test(signature) &&
    Array.isArray(heads);
  if (!isAnchor) throw new AnchorUnreadable(`Line ${line} is no anchor.`);
  if (sha256(Buffer.from(sortedText(record))).toString('hex') !== hash) {
    throw new AnchorUnreadable(`Line ${line} was altered: its record has another hash.`);
  }
  const unsigned = { [RECORD]: { ...fields, signature: '' } };
  return {
    partition,
    offset: BigInt(offset),
    own: { stream, version: BigInt(streamVersion), hash },
    decidedAt: BigInt(decidedAt),
    events: BigInt(events),
    heads: heads.map((head) => headIn(head, line)),
    keyId,
    signature: Buffer.from(signature, 'hex'),
    signedBytes: Buffer.from(`${PURPOSE}${sortedText(unsigned)}`),
  };
}

const isNumberText = (text: unknown): text is string =>
  typeof text === 'string' && NUMBER.test(text);

function headIn(json: unknown, line: number): KeptHead {
  const { stream, streamVersion, hash } = objectIn(json);
  if (typeof stream === 'string' && isVersionText(streamVersion) && isHashText(hash)) {
    return { stream, version: BigInt(streamVersion), hash };
  }
  throw new AnchorUnreadable(`Line ${line} names a head that is none.`);
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AnchorUnreadable(`Line ${line} is no JSON.`, { cause });
  }
}

/** An object without fields for what is none. */
function objectIn(json: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  return isObject ? (json as Readonly<Record<string, unknown>>) : {};
}

/** RFC 8785 for what a canonical record has: no number but whole ones. */
function sortedText(json: unknown): string {
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  if (Array.isArray(json)) return `[${json.map(sortedText).join(',')}]`;
  const members = Object.entries(json)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${sortedText(value)}`);
  return `{${members.join(',')}}`;
}
