import pg from 'pg';

/** Writers and queries have a pool each, so that a long catching-up keeps no answer waiting. */
const CONNECTIONS_MAX = 8;
const CONNECT_TIMEOUT_MS = 5_000;
/** Of a writer. Longer than the largest batch takes; a zombie's lock on a checkpoint row is waited for so long. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** A process that stalls inside a transaction must not hold its partition's row for ever. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;

/**
 * Of those that fill tables. A commit need not wait for the disk: its checkpoint is in it, so that a server that
 * crashes loses both or neither, and the log brings back what it lost.
 */
export const FILLING = { synchronous_commit: 'off' } as const;

const TIMESTAMPTZ_OID = 1184;

export interface PoolOptions {
  /** Where unqualified names are looked for. */
  readonly schemas?: readonly string[];
  /** The role that connections take on, of the database's user. */
  readonly role?: string | null;
  /** Milliseconds; a writer's unless said. */
  readonly statementTimeoutMs?: number;
  readonly connectionsMax?: number;
  /** How long somebody waits for a connection, a taken one included; milliseconds. */
  readonly connectTimeoutMs?: number;
  /** Run-time settings of each connection, beside those that all have. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Connections whose times are exact: the driver's Date drops microseconds, so a timestamptz comes as
 * RFC 3339 text in UTC.
 * @param broken hears of connections that broke; whoever uses one gets the error as well
 */
export function openPool(
  databaseUrl: string,
  broken: (error: Error) => void,
  options: PoolOptions = {},
): pg.Pool {
  const { schemas, role = null, settings = {} } = options;
  const { statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options;
  const { connectionsMax = CONNECTIONS_MAX, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
  const all = {
    timezone: 'UTC',
    datestyle: 'ISO',
    // Compiling a question takes longer than to answer it, and the planner asks for it where it guesses high.
    jit: 'off',
    ...(schemas === undefined ? {} : { search_path: schemas.join(',') }),
    ...(role === null ? {} : { role }),
    ...settings,
  };
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 5_000,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    application_name: 'prorata-projector',
    options: Object.entries(all)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types: exactTypes,
  });
  pool.on('error', broken);
  // The pool listens to idle connections only; one that breaks between two queries of a transaction
  // would otherwise end the process.
  pool.on('connect', (client) => client.on('error', broken));
  return pool;
}

type ParserOf = (oid: number, format?: 'text') => (text: string) => unknown;

/** The driver's parsers, but for times. */
const driverParser = pg.types.getTypeParser as ParserOf;
const exactParser: ParserOf = (oid, format) =>
  oid === TIMESTAMPTZ_OID ? utcText : driverParser(oid, format);
const exactTypes: pg.CustomTypesConfig = {
  getTypeParser: exactParser as typeof pg.types.getTypeParser,
};

/** `2026-01-02 10:04:00.5+00` → `2026-01-02T10:04:00.500Z`, microseconds only where there are any. */
export function utcText(text: string): string {
  const [date = '', time = ''] = text.replace(/\+00$/, '').split(' ');
  const [seconds = '', fraction = ''] = time.split('.');
  const micros = fraction.padEnd(6, '0');
  return `${date}T${seconds}.${micros.endsWith('000') ? micros.slice(0, 3) : micros}Z`;
}
