import type { Row } from '../src/database/tables.ts';

/**
 * Stands in for a connection: takes the statements of `upsertRows`, `deleteRows` and the deletion of quotas, and
 * keeps the rows by key. Tables are sorted by key, as text.
 */
export class TableImage {
  readonly #tables = new Map<string, Map<string, Row>>();

  get tables(): Readonly<Record<string, readonly Row[]>> {
    return Object.fromEntries(
      [...this.#tables].map(([name, rows]) => [
        name,
        [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
      ]),
    );
  }

  query(statement: string, [parameter]: readonly unknown[]): Promise<void> {
    if (statement.startsWith('DELETE FROM quotas')) {
      for (const id of parameter as string[]) this.#table('quotas').delete(JSON.stringify([id]));
      return Promise.resolve();
    }
    const from = /^DELETE FROM "(\w+)"/.exec(statement)?.[1];
    if (from !== undefined) {
      for (const id of JSON.parse(parameter as string) as unknown[]) {
        this.#table(from).delete(JSON.stringify(id));
      }
      return Promise.resolve();
    }
    const name = /^INSERT INTO "(\w+)"/.exec(statement)?.[1];
    const key = /ON CONFLICT \(([^)]+)\) DO (\w+)/.exec(statement);
    if (name === undefined || key?.[1] === undefined) throw new Error(`Unknown: ${statement}`);
    const columns = key[1].split(', ').map((column) => column.replaceAll('"', ''));
    const rows = this.#table(name);
    for (const row of JSON.parse(parameter as string) as Row[]) {
      const id = JSON.stringify(columns.map((column) => row[column]));
      if (key[2] === 'UPDATE' || !rows.has(id)) rows.set(id, row);
    }
    return Promise.resolve();
  }

  #table(name: string): Map<string, Row> {
    const rows = this.#tables.get(name) ?? new Map<string, Row>();
    this.#tables.set(name, rows);
    return rows;
  }
}
