import type { ClientBase } from 'pg';
import { appendRows } from './appendRows.ts';
import { jsonText } from './jsonText.ts';
import type { Row, Table } from './tables.ts';

/** Rows of one statement: about 5 MB of JSON at 1 kB a row, far below PostgreSQL's 1 GB a parameter. */
const ROWS_PER_STATEMENT_MAX = 5_000;

/**
 * From so many rows on they go by COPY into a table beside, and from there: 36 µs of the server's time a quota
 * instead of 56 as JSON, under the primary key alone, whose every row is parsed and taken apart. Fewer are not worth the statements more.
 */
const STAGED_ROWS_MIN = 200;

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
    if (chunk.length < STAGED_ROWS_MIN) {
      const text = `[${chunk.map(rowText).join(',')}]`;
      // By its name it is planned once a connection: what it costs does not hang on what the table holds.
      const name = `${onConflict}_${table.name}`;
      const given = statementOf(table, onConflict, givenRows(table));
      await client.query({ name, text: given, values: [text] });
      continue;
    }
    await makeStaged(client, table, isStagedBefore);
    await appendRows(client, table, chunk, stagedName(table));
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

/** The connection's own table, without a log and without indexes, empty after each transaction. */
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

/** Whole numbers go as text, which every column of numbers takes. */
function rowText(row: Row): string {
  const members = Object.entries(row).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return `"${name}":${typeof value === 'bigint' ? `"${value}"` : jsonText(value)}`;
  });
  return `{${members.join(',')}}`;
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

function statementOf(table: Table, onConflict: OnConflict, from: string): string {
  const names = Object.keys(table.columns).map(quoted);
  const others = Object.keys(table.columns).filter((name) => !table.key.includes(name));
  const replaced = others.map((name) => `${quoted(name)} = EXCLUDED.${quoted(name)}`);
  const action = onConflict === 'keep' ? 'NOTHING' : `UPDATE SET ${replaced.join(', ')}`;
  return (
    `INSERT INTO ${quoted(table.name)} (${names.join(', ')}) ` +
    `SELECT ${names.join(', ')} FROM ${from} ` +
    `ON CONFLICT (${table.key.map(quoted).join(', ')}) DO ${action}`
  );
}

function givenRows({ columns }: Table): string {
  const typed = Object.entries(columns).map(([name, type]) => `${quoted(name)} ${type}`);
  return `jsonb_to_recordset($1::jsonb) AS r (${typed.join(', ')})`;
}

const quoted = (name: string): string => `"${name}"`;
