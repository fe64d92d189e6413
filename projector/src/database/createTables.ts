import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClientBase } from 'pg';
import { provideMonthMaker } from './auditMonths.ts';
import { MIGRATION_FILE, MIGRATIONS_DIRECTORY } from './applyMigrations.ts';

/** What tables are made from: a projection's name is the folder of its migrations. */
interface Made {
  readonly name: string;
  readonly topics: readonly { readonly topic: string }[];
}

/**
 * A copy's schema with its empty tables, in the caller's transaction: all of the projection's migrations, in order,
 * and the checkpoints at the beginning of every partition, so that none counts as caught up before it is owned.
 */
export async function createTables(
  client: ClientBase,
  { name, topics }: Made,
  { schema, partitions }: { readonly schema: string; readonly partitions: number },
): Promise<void> {
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET LOCAL search_path = ${schema}`);
  for (const text of await migrationTexts(name)) await client.query(text);
  await provideMonthMaker(client, schema);
  await client.query(CHECKPOINTS);
  await client.query(
    'INSERT INTO projection_checkpoint SELECT $1, topic, partition, 0 ' +
      'FROM unnest($2::text[]) AS topic, generate_series(0, $3 - 1) AS partition',
    [name, topics.map(({ topic }) => topic), partitions],
  );
  await client.query('SET LOCAL search_path TO DEFAULT');
}

/** The statements of each file, in order. */
export async function migrationTexts(projection: string): Promise<readonly string[]> {
  const folder = path.join(MIGRATIONS_DIRECTORY, projection);
  const names = (await readdir(folder)).filter((name) => MIGRATION_FILE.test(name)).sort();
  return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
}

/**
 * Where a copy stands. A batch moves its row in the same transaction as its rows, by compare-and-set:
 * whoever finds another offset there is not the owner any more. next_offset is the offset after the
 * last record applied, control records not counted, so that a replay ends at the same number.
 */
const CHECKPOINTS = `
  CREATE TABLE projection_checkpoint (
    projection  text    NOT NULL,
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (topic, partition)
  )`;
