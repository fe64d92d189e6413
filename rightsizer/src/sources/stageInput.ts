import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { SourceFault } from './sourceFault.ts';

/** A file that one import may bring; its copy lies beside the table for as long. */
export const INPUT_BYTES_MAX = 20_000_000_000;
const PREFIX = 'import-';

/** A copy that nobody else writes, in a folder of its own which DuckDB may open. */
export interface StagedInput {
  readonly directory: string;
  readonly file: string;
  /** Of its content. */
  readonly sha256: string;
  readonly bytes: number;
  discard(): Promise<void>;
}

/** @throws SourceFault FILE_UNREADABLE | FILE_TOO_LARGE */
export async function stageInput(input: string, staging: string): Promise<StagedInput> {
  const directory = path.join(staging, `${PREFIX}${randomUUID()}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = path.join(directory, 'input');
  const discard = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const { sha256, bytes } = await copyHashed(input, file);
    return { directory, file, sha256, bytes, discard };
  } catch (error) {
    await discard();
    if (error instanceof SourceFault) throw error;
    const { message } = error as Error;
    throw new SourceFault('FILE_UNREADABLE', message, { cause: error });
  }
}

async function copyHashed(from: string, to: string): Promise<{ sha256: string; bytes: number }> {
  const found = await stat(from);
  if (!found.isFile()) throw new SourceFault('FILE_UNREADABLE', `${from} is no file`);
  const hash = createHash('sha256');
  let bytes = 0;
  const copy = await open(to, 'wx', 0o600);
  try {
    for await (const chunk of createReadStream(from)) {
      const part = chunk as Buffer;
      bytes += part.length;
      if (bytes > INPUT_BYTES_MAX) {
        throw new SourceFault('FILE_TOO_LARGE', `more than ${INPUT_BYTES_MAX} bytes: cut it`);
      }
      hash.update(part);
      await copy.write(part);
    }
  } finally {
    await copy.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}
