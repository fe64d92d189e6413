import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Transform } from 'node:stream';

export type FileKind = 'parquet' | 'csv' | 'json';

const HEAD_BYTES = 512;
const unpackers: readonly (readonly [ending: string, unpack: () => Transform])[] = [
  ['.gz', () => createGunzip()],
  ['.zst', () => createZstdDecompress()],
];

/** What a file is, by how it begins: its name may say anything. */
export async function fileKindOf(file: string): Promise<FileKind> {
  const head = await headOf(file);
  if (head.startsWith('PAR1')) return 'parquet';
  return /^\uFEFF?\s*[{[]/.test(head) ? 'json' : 'csv';
}

async function headOf(file: string): Promise<string> {
  const unpack = unpackers.find(([ending]) => file.endsWith(ending))?.[1];
  if (unpack !== undefined) return unpackedHead(file, unpack());
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function unpackedHead(file: string, unpacker: Transform): Promise<string> {
  const source = createReadStream(file);
  source.on('error', (error) => unpacker.destroy(error));
  try {
    for await (const chunk of source.pipe(unpacker)) {
      return (chunk as Buffer).toString('utf8', 0, HEAD_BYTES);
    }
    return '';
  } finally {
    source.destroy();
  }
}
