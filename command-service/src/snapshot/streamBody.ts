import { createHash } from 'node:crypto';
import { stateFromText, stateToText } from '@prorata/quota-model';
import type { StreamHead } from '../writer/partitionState.ts';

/** Small enough that a chunk and its neighbours fit into one append, bytes. */
export const CHUNK_BYTES_MAX = 400_000;

/** A stream's head as bytes: one line of JSON about its last event, then the model's own text. */
export function headToBytes(head: StreamHead): Buffer {
  const about = {
    version: head.version.toString(),
    hash: head.hash.toString('hex'),
    decidedAt: head.decidedAt.toString(),
  };
  return Buffer.from(`${JSON.stringify(about)}\n${stateToText(head.state)}`);
}

/** @throws Error when the bytes are no stream's head. */
export function headFromBytes(bytes: Buffer): StreamHead {
  const text = bytes.toString();
  const end = text.indexOf('\n');
  const about = JSON.parse(text.slice(0, end)) as Record<'version' | 'hash' | 'decidedAt', string>;
  return {
    version: BigInt(about.version),
    hash: Buffer.from(about.hash, 'hex'),
    decidedAt: BigInt(about.decidedAt),
    state: stateFromText(text.slice(end + 1)),
  };
}

export function chunksOf(bytes: Buffer, size = CHUNK_BYTES_MAX): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

export function sha256Hex(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
