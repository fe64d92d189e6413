import type pg from 'pg';

/** What a copy takes from elsewhere than the row that is copied: SQL by column; `t` is that row, `made` what is made. */
export type OtherValues = Readonly<Record<string, string>>;

export interface Copying {
  readonly table: string;
  readonly values: OtherValues;
  /** Which rows of `t` are copied. */
  readonly where: string;
  /** A series, one row a copy; absent: one copy. */
  readonly made?: string;
}

/** Statements that write a table's rows again, with other values in some columns. */
export class RowCopies {
  readonly #columns = new Map<string, readonly string[]>();

  /** @param tables unqualified, found by the connection's search path */
  static async of(client: pg.Client, tables: readonly string[]): Promise<RowCopies> {
    const copies = new RowCopies();
    for (const table of tables) {
      const { rows } = await client.query<{ name: string }>(
        'SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 ' +
          `AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
        [table],
      );
      copies.#columns.set(
        table,
        rows.map(({ name }) => name),
      );
    }
    return copies;
  }

  statement({ table, values, where, made = 'SELECT 1' }: Copying): string {
    const names = this.#columns.get(table);
    if (names === undefined) throw new RangeError(`${table} is not among the tables.`);
    const columns = names.map((name) => values[name] ?? `t."${name}"`);
    return (
      `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')}) ` +
      `SELECT ${columns.join(', ')} FROM ${table} AS t, (${made}) AS made WHERE ${where}`
    );
  }
}
