import { StatementType } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QueryFault } from './queryFault.ts';

/** A question of a person; more is no question. */
const SQL_LENGTH_MAX = 100_000;
/** Tables and views have such names; a name with a dot or a slash would be read as a file's. */
const PLAIN_NAME = /^\w*$/;
/** Functions that stand where a table does and read nothing but their arguments. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['generate_series', 'range', 'unnest']);

/**
 * Lets through one SELECT over plain tables. The database is locked down besides, so that what this
 * does not know of still reaches no other folder and no network; this keeps the table's own files from
 * being read past the version, or written over.
 * @throws QueryFault NOT_A_SELECT | NOT_A_TABLE | QUERY_FAILED
 */
export async function assertSelect(connection: DuckDBConnection, sql: string): Promise<void> {
  if (sql.length > SQL_LENGTH_MAX) {
    throw new QueryFault('NOT_A_SELECT', `a query has at most ${SQL_LENGTH_MAX} characters`);
  }
  if (sql.trim() === '') throw new QueryFault('NOT_A_SELECT', 'there is no query');
  await assertOneSelect(connection, sql);
  checkNode(await syntaxTree(connection, sql));
}

async function assertOneSelect(connection: DuckDBConnection, sql: string): Promise<void> {
  const statements = await connection.extractStatements(sql).catch((cause: unknown) => {
    throw new QueryFault('QUERY_FAILED', (cause as Error).message, { cause });
  });
  if (statements.count !== 1) {
    throw new QueryFault('NOT_A_SELECT', `it is ${statements.count} statements, and must be one`);
  }
}

interface Serialized {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
}

/** DuckDB gives the syntax tree of a SELECT, and of nothing else; preparing others would already do something. */
async function syntaxTree(connection: DuckDBConnection, sql: string): Promise<Serialized> {
  const result = await connection.runAndReadAll(
    'SELECT json_serialize_sql($1::VARCHAR)::VARCHAR AS tree',
    [sql],
  );
  const tree = JSON.parse(String(result.getRowObjects()[0]?.['tree'])) as Serialized;
  if (!tree.error) return tree;
  if (tree.error_type === 'parser') {
    throw new QueryFault('QUERY_FAILED', tree.error_message ?? 'it cannot be read');
  }
  throw new QueryFault('NOT_A_SELECT', 'it must be a SELECT; nothing else is done here');
}

function checkNode(node: unknown): void {
  if (Array.isArray(node)) {
    for (const each of node) checkNode(each);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { type, table_name: table, function: called } = node as Readonly<Record<string, unknown>>;
  // `SHOW TABLES` has a name of its own kind in quotes.
  if (typeof table === 'string' && type !== 'SHOW_REF' && !PLAIN_NAME.test(table)) {
    throw new QueryFault('NOT_A_TABLE', `${table} is no table here: SHOW TABLES names them`);
  }
  if (type === 'TABLE_FUNCTION') checkFunction(called);
  for (const each of Object.values(node)) checkNode(each);
}

function checkFunction(called: unknown): void {
  const name = (called as { readonly function_name?: unknown } | undefined)?.function_name;
  if (typeof name === 'string' && TABLE_FUNCTIONS.has(name)) return;
  throw new QueryFault('NOT_A_TABLE', `${String(name)}() does not stand for a table here`);
}

/** The pair of the check above, on what was prepared. @throws QueryFault NOT_A_SELECT */
export function assertPreparedSelect(type: StatementType): void {
  if (type === StatementType.SELECT) return;
  throw new QueryFault('NOT_A_SELECT', 'it must be a SELECT; nothing else is done here');
}
