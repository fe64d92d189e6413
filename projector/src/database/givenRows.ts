import { jsonText } from './jsonText.ts';
import type { Row, Table } from './tables.ts';

export const quoted = (name: string): string => `"${name}"`;

/**
 * A statement that writes rows, by its one parameter as `jsonOf` makes it, or from a table of the same columns. It
 * costs the same whatever the table holds, so that it may be planned once a connection.
 */
export function insertOf({ name, columns }: Table, from?: string): string {
  const names = Object.keys(columns).map(quoted).join(', ');
  const typed = Object.entries(columns).map(([column, type]) => `${quoted(column)} ${type}`);
  const given = `jsonb_to_recordset($1::jsonb) AS r (${typed.join(', ')})`;
  return `INSERT INTO ${quoted(name)} (${names}) SELECT ${names} FROM ${from ?? given}`;
}

export function jsonOf(rows: readonly Row[]): string {
  return `[${rows.map(rowText).join(',')}]`;
}

/** Whole numbers go as text, which every column of numbers takes. */
function rowText(row: Row): string {
  const members = Object.entries(row).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return `"${name}":${typeof value === 'bigint' ? `"${value}"` : jsonText(value)}`;
  });
  return `{${members.join(',')}}`;
}
