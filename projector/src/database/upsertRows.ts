import type { ClientBase } from 'pg';
import { jsonText } from './jsonText.ts';
import type { Row, Table } from './tables.ts';

/** Rows of one statement: about 5 MB of JSON at 1 kB a row, far below PostgreSQL's 1 GB a parameter. */
const ROWS_PER_STATEMENT_MAX = 5_000;

export type OnConflict = 'replace' | 'keep';

/**
 * Writes rows, many to a statement. Keys must differ within one call; `rows` may make each row as it
 * is asked for, so that a change to a large tree never lies in memory whole.
 */
export async function upsertRows(
  client: ClientBase,
  table: Table,
  rows: Iterable<Row>,
  onConflict: OnConflict = 'replace',
): Promise<void> {
  const statement = statementOf(table, onConflict);
  let chunk: string[] = [];
  for (const row of rows) {
    chunk.push(rowText(row));
    if (chunk.length < ROWS_PER_STATEMENT_MAX) continue;
    await client.query(statement, [`[${chunk.join(',')}]`]);
    chunk = [];
  }
  if (chunk.length > 0) await client.query(statement, [`[${chunk.join(',')}]`]);
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

function statementOf(table: Table, onConflict: OnConflict): string {
  const names = Object.keys(table.columns).map(quoted);
  const typed = Object.entries(table.columns).map(([name, type]) => `${quoted(name)} ${type}`);
  const others = Object.keys(table.columns).filter((name) => !table.key.includes(name));
  const replaced = others.map((name) => `${quoted(name)} = EXCLUDED.${quoted(name)}`);
  const action = onConflict === 'keep' ? 'NOTHING' : `UPDATE SET ${replaced.join(', ')}`;
  return (
    `INSERT INTO ${quoted(table.name)} (${names.join(', ')}) ` +
    `SELECT ${names.join(', ')} FROM jsonb_to_recordset($1::jsonb) AS r (${typed.join(', ')}) ` +
    `ON CONFLICT (${table.key.map(quoted).join(', ')}) DO ${action}`
  );
}

const quoted = (name: string): string => `"${name}"`;
