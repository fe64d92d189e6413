import { createHash } from 'node:crypto';
import pg from 'pg';

/** Every column of every row of every table, a hash a row, sorted: equal dumps are equal tables. */
export interface DatabaseDump {
  readonly tables: ReadonlyMap<string, readonly string[]>;
  readonly rows: number;
}

/** Copies of the read models: a rebuilt one counts as the one before. */
const COPY = /^([a-z]+)_\d+$/;

/** @param leftOut schemas, of copies without their number, whose rows are not of the log of events */
export async function dumpDatabase(url: string, leftOut: readonly string[]): Promise<DatabaseDump> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const names = await client.query<{ schema: string; table: string }>(
      `select n.nspname as schema, c.relname as table
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and not c.relispartition
         and n.nspname not in ('pg_catalog', 'information_schema') and regexp_replace(n.nspname, '_[0-9]+$', '') <> all ($1)
       order by 1, 2`,
      [leftOut],
    );
    const tables = new Map<string, readonly string[]>();
    let rows = 0;
    for (const { schema, table } of names.rows) {
      const result = await client.query<{ row: string }>(
        `select t::text as row from "${schema}"."${table}" t`,
      );
      const name = `${schema.replace(COPY, '$1')}.${table}`;
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
