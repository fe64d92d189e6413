import { createHash } from 'node:crypto';
import { longToJson } from '@prorata/schemas';
import { auditedTopics } from './auditSource.ts';
import type { RawRecord } from './auditSource.ts';

/**
 * One line of a copy: where a record stands, what is told of it in words, its raw bytes in base64, and a digest
 * over the line's other fields.
 */
interface CopyLine {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number | string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly sha256?: string;
}

/** A line that is no record at all. */
export class CopyDamaged extends Error {
  override readonly name = 'CopyDamaged';
  readonly line: number;
  constructor(line: number, message: string) {
    super(`Line ${line} ${message}.`);
    this.line = line;
  }
}

/** A file that was not made to be verified. */
export class NoCopy extends Error {
  override readonly name = 'NoCopy';
}

/** A record of a copy, and what the copy tells of it in words. */
export interface CopiedRecord {
  readonly raw: RawRecord;
  /** JSON of the line without bytes and digest; null: it tells nothing but its place. */
  readonly told: string | null;
}

/** @param told in words, its place among them; null: the place alone */
export function lineOf(record: Omit<RawRecord, 'damage'>, told: object | null = null): string {
  const { topic, partition, offset, key, value, headers } = record;
  const fields = {
    ...(told ?? { topic, partition, offset: longToJson(offset) }),
    key: base64(key),
    value: base64(value),
    headers: Object.fromEntries([...headers].map(([name, bytes]) => [name, base64(bytes) ?? ''])),
  };
  return JSON.stringify({ ...fields, sha256: digestOf(fields) });
}

/** @throws CopyDamaged when the line names no place in the log */
export function recordOf(text: string, line: number): CopiedRecord {
  const { sha256, ...fields } = parse(text, line);
  const { partition, offset, key, value, headers } = fields;
  const topic = auditedTopics.find((name) => name === fields.topic);
  if (topic === undefined) throw new CopyDamaged(line, 'names no topic that is audited');
  if (!Number.isSafeInteger(partition) || !/^\d{1,19}$/.test(`${offset}`)) {
    throw new CopyDamaged(line, 'has no partition and offset');
  }
  const isWhole = sha256 === undefined || sha256 === digestOf(fields);
  const raw = {
    topic,
    partition,
    offset: BigInt(offset),
    key: bytesOf(key),
    value: bytesOf(value),
    headers: new Map(
      Object.entries(headers).map(([name, bytes]) => [name, Buffer.from(bytes, 'base64')]),
    ),
    damage: isWhole ? null : 'its digest in the copy is another',
  };
  return { raw, told: 'kind' in fields ? toldIn(fields) : null };
}

const BYTES = new Set(['key', 'value', 'headers']);

function toldIn(fields: object): string {
  const told = Object.entries(fields).filter(([name]) => !BYTES.has(name));
  return JSON.stringify(Object.fromEntries(told));
}

function parse(text: string, line: number): CopyLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CopyDamaged(line, 'is no JSON');
  }
  if (isCopyLine(json)) return json;
  const isPart = typeof json === 'object' && json !== null && 'kind' in json && !('value' in json);
  if (!isPart) throw new CopyDamaged(line, 'is no record');
  throw new NoCopy(
    'The file was exported with filters and holds no bytes: only a whole export can be verified.',
  );
}

function isCopyLine(json: unknown): json is CopyLine {
  if (typeof json !== 'object' || json === null) return false;
  const line = json as Readonly<Record<string, unknown>>;
  const isBytes = (field: unknown): boolean => field === null || typeof field === 'string';
  const { headers } = line;
  return (
    typeof line['topic'] === 'string' &&
    typeof line['partition'] === 'number' &&
    ['string', 'number'].includes(typeof line['offset']) &&
    isBytes(line['key']) &&
    isBytes(line['value']) &&
    typeof headers === 'object' &&
    headers !== null &&
    Object.values(headers).every((value) => typeof value === 'string')
  );
}

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null;
const bytesOf = (text: string | null): Buffer | null =>
  text === null ? null : Buffer.from(text, 'base64');

function digestOf(fields: object): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}
