import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { sqlText, UsageDatabase } from '../table/usageDatabase.ts';
import { focusFile, TooManyLines } from './focusFile.ts';
import type { FocusFormat } from './focusFile.ts';
import { everyKind, names, usage } from './testing/chargeLines.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'focus-'));
  vi.stubEnv('TMPDIR', directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

async function* streamed(lines: Iterable<ChargeLine>): AsyncGenerator<ChargeLine> {
  for (const line of lines) yield await Promise.resolve(line);
}

async function bytesOf(format: FocusFormat, lines: Iterable<ChargeLine>, most?: number) {
  const parts: Buffer[] = [];
  for await (const part of focusFile(format, streamed(lines), names, most)) parts.push(part);
  return parts;
}

describe('a file of costs', () => {
  it('is CSV in large pieces, whatever its length', async () => {
    const parts = await bytesOf(
      'csv',
      Array.from({ length: 1_000 }, () => usage),
    );
    expect(parts.length).toBeGreaterThan(2);
    const lines = Buffer.concat(parts).toString().trimEnd().split('\r\n');
    expect(lines).toHaveLength(1_001);
    expect(new Set(lines.slice(1)).size).toBe(1);
  });

  it('is Parquet that leaves nothing behind', async () => {
    const bytes = Buffer.concat(await bytesOf('parquet', everyKind));
    expect(await readdir(directory)).toEqual([]);
    const file = path.join(directory, 'costs.parquet');
    await writeFile(file, bytes);
    const database = await UsageDatabase.open(directory);
    const connection = await database.connect();
    const read = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM ${sqlText(file)}`);
    expect(read.getRows()).toEqual([[everyKind.length]]);
    connection.closeSync();
    database.close();
  });

  it('leaves nothing behind where its reader goes, or where a line cannot be had', async () => {
    for await (const part of focusFile('parquet', streamed(everyKind), names)) {
      expect(part.length).toBeGreaterThan(0);
      break;
    }
    const broken = async function* (): AsyncGenerator<ChargeLine> {
      yield await Promise.resolve(usage);
      throw new Error('the table is gone');
    };
    const file = focusFile('parquet', broken(), names);
    await expect(file.next()).rejects.toThrow('the table is gone');
    expect(await readdir(directory)).toEqual([]);
  });

  it('is refused as Parquet beyond a bound, before its first byte', async () => {
    await expect(bytesOf('parquet', everyKind, everyKind.length - 1)).rejects.toThrow(TooManyLines);
    expect(await bytesOf('parquet', everyKind, everyKind.length)).toHaveLength(1);
    expect(await readdir(directory)).toEqual([]);
  });
});
