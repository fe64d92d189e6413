import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { UsageDatabase } from '../table/usageDatabase.ts';
import { focusCsv } from './focusCsv.ts';
import type { FocusNames } from './focusNames.ts';
import { writeFocusParquet } from './focusParquet.ts';

export const focusFormats = ['csv', 'parquet'] as const;
export type FocusFormat = (typeof focusFormats)[number];

export const mediaTypes: Readonly<Record<FocusFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
};

/** Lines of one Parquet file, which is written as a whole before its first byte goes out: some 2 GB on disk. */
const PARQUET_LINES_MAX = 5_000_000;
/** Beside the table's own database: what does not fit is spilled. */
const DATABASE = { memoryMb: 256, threads: 1 };

/** It would be too large to be made in one go. */
export class TooManyLines extends Error {
  override readonly name = 'TooManyLines';
}

/**
 * The bytes of a file. CSV comes as the lines do; Parquet is written beside first, in a folder of its own that goes
 * when the last byte is taken, or when nobody takes more.
 *
 * @throws TooManyLines of Parquet, before the first byte
 */
export async function* focusFile(
  format: FocusFormat,
  lines: AsyncIterable<ChargeLine>,
  names: FocusNames,
  linesMax = PARQUET_LINES_MAX,
): AsyncGenerator<Buffer> {
  if (format === 'csv') yield* chunks(focusCsv(lines, names));
  else yield* parquetBytes(atMost(lines, linesMax), names);
}

/** Each write to a socket costs as much as some hundred lines. */
const CHUNK_LENGTH = 64 * 1024;

async function* chunks(texts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let chunk = '';
  for await (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}

async function* parquetBytes(
  lines: AsyncIterable<ChargeLine>,
  names: FocusNames,
): AsyncGenerator<Buffer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'prorata-focus-'));
  try {
    const file = path.join(directory, 'costs.parquet');
    await writeAlone(directory, file, lines, names);
    for await (const chunk of createReadStream(file)) yield chunk as Buffer;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** In a database that can touch this folder and nothing else. */
async function writeAlone(
  directory: string,
  file: string,
  lines: AsyncIterable<ChargeLine>,
  names: FocusNames,
): Promise<void> {
  const database = await UsageDatabase.open(directory, DATABASE);
  try {
    const connection = await database.connect();
    try {
      await writeFocusParquet(connection, lines, names, file);
    } finally {
      connection.closeSync();
    }
  } finally {
    database.close();
  }
}

async function* atMost(lines: AsyncIterable<ChargeLine>, most: number): AsyncGenerator<ChargeLine> {
  let count = 0;
  for await (const line of lines) {
    count += 1;
    if (count > most) throw new TooManyLines(`There are more than ${most} lines.`);
    yield line;
  }
}
