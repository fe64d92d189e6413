import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { jsonText } from './jsonText.ts';
import { storableText } from './storable.ts';
import type { Row, Table } from './tables.ts';

/** Text that is handed to the driver at once, characters. */
const CHUNK_LENGTH_MIN = 65_536;

/**
 * From so many rows on COPY is worth its round trip more: fewer go as JSON, whose every row the server parses and
 * takes apart.
 */
export const COPIED_ROWS_MIN = 200;

/**
 * Writes rows by COPY. `rows` may make each row as it is asked for.
 * @param into another table of the same columns
 * @throws the server's error, of class 23 when a row is there
 */
export async function copyRows(
  client: ClientBase,
  table: Table,
  rows: Iterable<Row>,
  into = table.name,
): Promise<void> {
  const chunks = chunksOf(table, rows);
  const first = chunks.next();
  if (first.done === true) return;
  const columns = Object.keys(table.columns).map((name) => `"${name}"`);
  const copying = client.query(copyFrom(`COPY "${into}" (${columns.join(', ')}) FROM STDIN`));
  await pipeline(Readable.from(startingWith(first.value, chunks)), copying);
}

function* startingWith(first: string, rest: Iterable<string>): Generator<string> {
  yield first;
  yield* rest;
}

function* chunksOf(table: Table, rows: Iterable<Row>): Generator<string> {
  const columns = Object.entries(table.columns);
  let chunk = '';
  for (const row of rows) {
    chunk += `${columns.map(([name, type]) => fieldOf(row[name], type)).join('\t')}\n`;
    if (chunk.length < CHUNK_LENGTH_MIN) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/** As COPY's text format has it. */
function fieldOf(value: unknown, type: string): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value) && type !== 'jsonb') return escaped(arrayText(value));
  const isText = typeof value === 'string' && type !== 'jsonb';
  // Of numbers and truth values the text is the same in JSON.
  return escaped(isText ? storableText(value) : jsonText(value));
}

/** As PostgreSQL writes arrays of text. */
function arrayText(items: readonly unknown[]): string {
  const quoted = items.map(
    (item) => `"${storableText(String(item)).replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return `{${quoted.join(',')}}`;
}

const SPECIAL = /[\\\n\r\t]/;
const SPECIALS = /[\\\n\r\t]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll(SPECIALS, (found) => ESCAPES[found] ?? '') : text;
}
