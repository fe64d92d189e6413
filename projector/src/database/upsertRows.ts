import type { ClientBase } from 'pg';
import { COPIED_ROWS_MIN, copyRows } from './copyRows.ts';
import { insertOf, jsonOf, quoted } from './givenRows.ts';
import type { Row, Table } from './tables.ts';

/** Rows of one statement: about 5 MB of JSON at 1 kB a row, far below PostgreSQL's 1 GB a parameter. */
const ROWS_PER_STATEMENT_MAX = 5_000;

export type OnConflict = 'replace' | 'keep';

/**
 * Writes rows, many to a statement, within a transaction. Keys must differ within one call; `rows` may make each
 * row as it is asked for, so that a change to a large tree never lies in memory whole.
 */
export async function upsertRows(
  client: ClientBase,
  table: Table,
  rows: Iterable<Row>,
  onConflict: OnConflict = 'replace',
): Promise<void> {
  let isStagedBefore = false;
  for (const chunk of chunksOf(rows)) {
    if (chunk.length < COPIED_ROWS_MIN) {
      const name = `${onConflict}_${table.name}`;
      const text = statementOf(table, onConflict);
      await client.query({ name, text, values: [jsonOf(chunk)] });
      continue;
    }
    await makeStaged(client, table, isStagedBefore);
    await copyRows(client, table, chunk, stagedName(table));
    await client.query(statementOf(table, onConflict, quoted(stagedName(table))));
    isStagedBefore = true;
  }
}

function* chunksOf(rows: Iterable<Row>): Generator<readonly Row[]> {
  let chunk: Row[] = [];
  for (const row of rows) {
    chunk.push(row);
    if (chunk.length < ROWS_PER_STATEMENT_MAX) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

const stagedName = ({ name }: Table): string => `staged_${name}`;

/**
 * The connection's own table, without a log and without indexes, empty after each transaction. COPY into it and
 * an upsert from there cost the server 36 µs a quota, and JSON 56, under the primary key alone.
 */
async function makeStaged(
  client: ClientBase,
  table: Table,
  isStagedBefore: boolean,
): Promise<void> {
  const name = quoted(stagedName(table));
  const statement = isStagedBefore
    ? `TRUNCATE ${name}`
    : `CREATE TEMPORARY TABLE IF NOT EXISTS ${name} (LIKE ${quoted(table.name)}) ON COMMIT DELETE ROWS`;
  await client.query(statement);
}

/** @param keys each as JSON: a list of the key's columns */
export async function deleteRows(
  client: ClientBase,
  table: Table,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  const columns = table.key.map(quoted);
  const given = columns.map((_, index) => `r.key ->> ${index}`);
  await client.query(
    `DELETE FROM ${quoted(table.name)} WHERE (${columns.join(', ')}) IN ` +
      `(SELECT ${given.join(', ')} FROM jsonb_array_elements($1::jsonb) AS r (key))`,
    [`[${keys.join(',')}]`],
  );
}

function statementOf(table: Table, onConflict: OnConflict, from?: string): string {
  const others = Object.keys(table.columns).filter((name) => !table.key.includes(name));
  const replaced = others.map((name) => `${quoted(name)} = EXCLUDED.${quoted(name)}`);
  const action = onConflict === 'keep' ? 'NOTHING' : `UPDATE SET ${replaced.join(', ')}`;
  const key = table.key.map(quoted).join(', ');
  return `${insertOf(table, from)} ON CONFLICT (${key}) DO ${action}`;
}
