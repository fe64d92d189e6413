import { createHash } from 'node:crypto';
import pg from 'pg';

/** Every column of every row of every table, a hash a row, sorted: equal dumps are equal tables. */
export interface DatabaseDump {
  readonly tables: ReadonlyMap<string, readonly string[]>;
  readonly rows: number;
}

/** Tables whose rows say how far a projection is, not what it shows, and the migrations' own. */
export async function dumpDatabase(url: string, leftOut: readonly string[]): Promise<DatabaseDump> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const names = await client.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
       order by 1`,
    );
    const tables = new Map<string, readonly string[]>();
    let rows = 0;
    for (const { name } of names.rows) {
      if (leftOut.some((table) => name.endsWith(`.${table}`))) continue;
      const result = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      const hashes = result.rows.map(({ row }) => createHash('sha256').update(row).digest('hex'));
      tables.set(name, hashes.sort());
      rows += hashes.length;
    }
    return { tables, rows };
  } finally {
    await client.end();
  }
}

/** Names of tables that differ, with how many rows on each side have no equal. */
export function differences(before: DatabaseDump, after: DatabaseDump): readonly string[] {
  const names = new Set([...before.tables.keys(), ...after.tables.keys()]);
  return [...names].flatMap((name) => {
    const left = before.tables.get(name) ?? [];
    const right = after.tables.get(name) ?? [];
    if (left.length === right.length && left.every((hash, index) => hash === right[index]))
      return [];
    const inRight = new Set(right);
    const missing = left.filter((hash) => !inRight.has(hash)).length;
    return [`${name}: ${missing} of ${left.length} rows have no equal among ${right.length}`];
  });
}
