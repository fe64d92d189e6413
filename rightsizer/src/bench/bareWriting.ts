import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BIGINT, DuckDBDataChunk, DuckDBInstance, VARCHAR } from '@duckdb/node-api';
import type { UsageRecorded } from '@prorata/schemas';

const longs = [
  'logged_at',
  'sequence',
  'window_start',
  'window_end',
  'used',
  'refused',
  'queued',
  'peak',
];
const texts = ['host_id', 'boot_id', 'application', 'quota_id', 'project', 'zone', 'resource'];
const CHUNK_ROWS = 2_048;

type Column = readonly (bigint | string | null)[];

/**
 * The other floor of `bench usage`: DuckDB alone writes the same rows, which are in memory as columns
 * already, in files of as many records; no split, no sync, no commit.
 * @returns milliseconds
 */
export async function writeBare(
  usages: readonly UsageRecorded[],
  recordsAFile: number,
): Promise<number> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-bare-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MB' });
  const connection = await instance.connect();
  try {
    let milliseconds = 0;
    for (let from = 0; from < usages.length; from += recordsAFile) {
      const columns = columnsOf(usages.slice(from, from + recordsAFile));
      const startedMs = performance.now();
      await connection.run(
        `CREATE OR REPLACE TEMP TABLE bare (${longs.map((name) => `${name} BIGINT`).join(', ')},
          ${texts.map((name) => `${name} VARCHAR`).join(', ')})`,
      );
      const appender = await connection.createAppender('bare');
      const rows = columns[0]?.length ?? 0;
      const types = [...longs.map(() => BIGINT), ...texts.map(() => VARCHAR)];
      for (let at = 0; at < rows; at += CHUNK_ROWS) {
        const chunk = DuckDBDataChunk.create(types);
        chunk.setColumns(columns.map((column) => column.slice(at, at + CHUNK_ROWS)));
        appender.appendDataChunk(chunk);
      }
      appender.closeSync();
      await connection.run(
        `COPY (SELECT * FROM bare ORDER BY quota_id, resource, window_start)
         TO '${path.join(directory, `${from}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`,
      );
      milliseconds += performance.now() - startedMs;
    }
    return milliseconds;
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(directory, { recursive: true, force: true });
  }
}

function columnsOf(usages: readonly UsageRecorded[]): readonly Column[] {
  const rows = usages.flatMap((usage) => usage.resources.map((amounts) => ({ usage, amounts })));
  return [
    rows.map(({ usage }) => usage.windowEnd),
    rows.map(({ usage }) => usage.sequence),
    rows.map(({ usage }) => usage.windowStart),
    rows.map(({ usage }) => usage.windowEnd),
    rows.map(({ amounts }) => amounts.used),
    rows.map(({ amounts }) => amounts.refused),
    rows.map(({ amounts }) => amounts.queued),
    rows.map(({ amounts }) => amounts.peak),
    rows.map(({ usage }) => usage.hostId),
    rows.map(({ usage }) => usage.bootId),
    rows.map(({ usage }) => usage.application),
    rows.map(({ usage }) => usage.quotaId),
    rows.map(({ usage }) => usage.project),
    rows.map(({ usage }) => usage.zone),
    rows.map(({ amounts }) => amounts.resource),
  ];
}
