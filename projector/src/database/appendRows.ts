import type { ClientBase } from 'pg';
import { COPIED_ROWS_MIN, copyRows } from './copyRows.ts';
import { insertOf, jsonOf } from './givenRows.ts';
import type { Row, Table } from './tables.ts';

/**
 * Writes rows of which none is there yet: a checkpoint that moves with them lets no record be applied
 * twice. `rows` may make each row as it is asked for.
 * @throws the server's error, of class 23 when a row is there
 */
export async function appendRows(
  client: ClientBase,
  table: Table,
  rows: Iterable<Row>,
): Promise<void> {
  const all = rows[Symbol.iterator]();
  const first: Row[] = [];
  for (let next = all.next(); next.done !== true; next = all.next()) {
    first.push(next.value);
    if (first.length < COPIED_ROWS_MIN) continue;
    await copyRows(client, table, startingWith(first, all));
    return;
  }
  if (first.length === 0) return;
  const name = `append_${table.name}`;
  await client.query({ name, text: insertOf(table), values: [jsonOf(first)] });
}

function* startingWith(first: readonly Row[], rest: Iterator<Row>): Generator<Row> {
  yield* first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}
