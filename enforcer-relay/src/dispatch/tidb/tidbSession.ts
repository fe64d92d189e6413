/** A session with a server over the MySQL protocol. */
import net from 'node:net';
import { tidbAddress } from '@prorata/quota-model';
import { guardedLookup, isLoopbackHost, mayLeadTo, mustBeAllowed } from '@prorata/service-runtime';
import { createConnection } from 'mysql2/promise';
import type { Connection, ConnectionOptions, RowDataPacket } from 'mysql2/promise';
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { TargetAccess } from '../dispatcher.ts';
import type { GroupsSession } from './applyGroups.ts';
import type { GroupRow } from './groupsInForce.ts';

export interface TidbLogin {
  /** `host` or `host:port`. */
  readonly target: string;
  readonly user: string;
  /** null: an empty password, which a server on this machine alone is asked with. */
  readonly passwordRef: string | null;
  readonly caRef: string | null;
  readonly isTls: boolean;
}

const HTTPS_PORT = 443;
/** For the connection and its login, ms. */
const CONNECT_MS_MAX = 10_000;
/** A change of the schema waits for every server of the cluster to hear of it, ms. */
const STATEMENT_MS_MAX = 30_000;
/** Until a server has heard that a session ends, ms. */
const LEAVE_MS_MAX = 1_000;
/** Twice as many as one text has: of more somebody has taken our prefix. */
const ROWS_MAX = 4_000;

/** Work with one session, which ends with it. @throws TargetUnreachable, TargetRefused, SecretMissing, HostNotAllowed */
export async function withSession<T>(
  login: TidbLogin,
  access: TargetAccess,
  signal: AbortSignal,
  work: (session: GroupsSession) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const connection = await connected(login, access);
  const over = Promise.withResolvers<never>();
  // A query of a connection that is gone is never answered: whoever waits for it is told by this.
  const abort = (): void => over.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work(sessionOver(connection)), over.promise]);
  } catch (error) {
    throw told(error);
  } finally {
    signal.removeEventListener('abort', abort);
    leave(connection);
  }
}

/** Says so to the server, which else notes an aborted connection at every look; one that does not hear it is left. */
function leave(connection: Connection): void {
  connection.end().catch(() => undefined);
  setTimeout(() => connection.destroy(), LEAVE_MS_MAX).unref();
}

async function connected(login: TidbLogin, access: TargetAccess): Promise<Connection> {
  const options = await connectionOptions(login, access);
  const connection = await createConnection(options).catch((error: unknown) => {
    throw told(error);
  });
  // Without a listener an error between two statements would end the process; the next statement tells it.
  connection.on('error', () => undefined);
  return connection;
}

async function connectionOptions(
  { target, user, passwordRef, caRef, isTls }: TidbLogin,
  access: TargetAccess,
): Promise<ConnectionOptions> {
  const url = new URL(tidbAddress(target));
  mustBeAllowed(url, access.hosts);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!isTls && !isLoopbackHost(url.hostname)) {
    throw new TargetRefused('Without TLS a password would go over the network for all to read.');
  }
  if (net.isIP(host) !== 0 && !mayLeadTo(url.hostname, host)) {
    throw new TargetRefused(`${host} is not asked.`);
  }
  const password = passwordRef === null ? '' : await access.secret(passwordRef);
  const ca = caRef === null ? {} : { ca: await access.secret(caRef) };
  // A URL leaves out the port that its scheme has by itself.
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  return {
    host,
    port,
    user,
    password,
    stream: () => net.connect({ host, port, lookup: guardedLookup }),
    connectTimeout: CONNECT_MS_MAX,
    ...(isTls ? { ssl: { ...ca, rejectUnauthorized: true, verifyIdentity: true } } : {}),
    // Nothing of a server's answer becomes code, no file of this machine is sent, one statement is one statement.
    disableEval: true,
    flags: ['-LOCAL_FILES'],
    multipleStatements: false,
  };
}

const ROWS =
  'SELECT NAME, RU_PER_SEC, PRIORITY, BURSTABLE, QUERY_LIMIT FROM information_schema.resource_groups';

function sessionOver(connection: Connection): GroupsSession {
  return {
    async rows(prefix) {
      // Only letters, digits and underscores: a prefix is checked where the text is.
      const sql = `${ROWS} WHERE LEFT(NAME, ${prefix.length}) = '${prefix}' LIMIT ${ROWS_MAX + 1}`;
      const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: STATEMENT_MS_MAX });
      if (rows.length > ROWS_MAX) {
        throw new TargetRefused(`More than ${ROWS_MAX} groups begin with ${prefix}.`);
      }
      return rows.map(rowOf).filter(({ name }) => name.startsWith(prefix));
    },
    async run(sql) {
      await connection.query({ sql, timeout: STATEMENT_MS_MAX });
    },
  };
}

function rowOf(row: RowDataPacket): GroupRow {
  const text = (name: string): string | null => {
    const value: unknown = row[name] ?? row[name.toLowerCase()];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
  return {
    name: text('NAME') ?? '',
    ruPerSec: text('RU_PER_SEC'),
    priority: text('PRIORITY'),
    burstable: text('BURSTABLE'),
    queryLimit: text('QUERY_LIMIT'),
  };
}

/** Of a server's message so much is told, characters. */
const MESSAGE_LENGTH_MAX = 300;
/** A statement that it cannot read. */
const PARSE_ERROR = 1064;
/** It may be read in a while: too many connections, shutting down, a lock, no reader of the schema's changes. */
const passing = new Set([1040, 1053, 1205, 1213, 8027, 8028]);

function told(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TargetRefused) return error;
  const { errno, code } = error as NodeJS.ErrnoException;
  // An error of the server has its own number; what the connection says has a negative one, or a word alone.
  if (errno === undefined || errno <= 0) {
    return code === undefined && !('fatal' in error)
      ? error
      : new TargetUnreachable(`TiDB cannot be asked (${code ?? error.message}).`);
  }
  const message = `TiDB says ${errno}: ${error.message.slice(0, MESSAGE_LENGTH_MAX)}`;
  if (passing.has(errno)) return new TargetUnreachable(message);
  const hint = errno === PARSE_ERROR ? ' Older servers need "burstableOff": "FALSE".' : '';
  return new TargetRefused(message + hint);
}
