/**
 * A double of TiDB: what speaks is a real server of the MySQL protocol (mysql2's own), what it knows of resource
 * groups is written here after TiDB's documentation and source. It proves how the client behaves, not how TiDB does.
 */
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'mysql2';
import type { Connection } from 'mysql2';

/** How a server of before BURSTABLE became a mode speaks, or one of since. */
export type TidbAge = 'old' | 'new';

export interface DoubledGroup {
  ruPerSec: bigint;
  priority: string;
  /** -1: without end, -2: moderated, else the rate. */
  burst: bigint;
  queryLimit: string | null;
}

export interface TidbDouble {
  readonly port: number;
  /** By name in lower case; `default` is always there. */
  readonly groups: Map<string, DoubledGroup>;
  /** Groups that a user is bound to. */
  readonly bound: Set<string>;
  /** Statements that changed something, in their order. */
  readonly changes: string[];
  /** The next statement that matches is answered with this error instead. */
  failNext: { readonly matches: RegExp; readonly code: number; readonly message: string } | null;
  /** Whether statements are left without an answer. */
  isSilent: boolean;
  /** Whether a new connection is taken. */
  isReachable: boolean;
  close(): Promise<void>;
}

/** Capabilities: long password, protocol 4.1, transactions, secure connection, plugin authentication. */
const CAPABILITIES = 0x00000001 | 0x00000200 | 0x00002000 | 0x00008000 | 0x00080000;
const UTF8 = 33;
const MAX_INT32 = 2n ** 31n - 1n;
const UNLIMITED_BURST = -1n;
const MODERATED_BURST = -2n;

class Refused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export async function tidbDouble(user: string, age: TidbAge = 'new'): Promise<TidbDouble> {
  const server = createServer((connection: unknown) => connection);
  const gate = net.createServer();
  const sockets = new Set<net.Socket>();
  const double: TidbDouble = {
    port: 0,
    groups: new Map([
      ['default', { ruPerSec: MAX_INT32, priority: 'MEDIUM', burst: -1n, queryLimit: null }],
    ]),
    bound: new Set(),
    changes: [],
    failNext: null,
    isSilent: false,
    isReachable: true,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close(() => undefined);
      await new Promise((resolve) => gate.close(resolve));
    },
  };
  server.on('connection', (connection: Connection) => {
    connection.on('error', () => undefined);
    greet(connection, user);
    connection.on('query', (sql: string) => {
      if (double.isSilent) return;
      numbered(connection).sequenceId = 1;
      answer(connection, double, age, sql);
      numbered(connection).sequenceId = 0;
    });
  });
  gate.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (!double.isReachable) socket.destroy();
    else
      (server as unknown as { _handleConnection(socket: net.Socket): void })._handleConnection(
        socket,
      );
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  return Object.assign(double, { port: (gate.address() as AddressInfo).port });
}

/** Each command counts its packets anew, which mysql2's server leaves to who answers. */
const numbered = (connection: Connection): { sequenceId: number } => connection;

function greet(connection: Connection, user: string): void {
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: '8.0.11-TiDB-double',
    connectionId: 1,
    statusFlags: 2,
    characterSet: UTF8,
    capabilityFlags: CAPABILITIES,
    authCallback: (login: { user: string }, done: (error: null, refused?: object) => void) => {
      const isKnown = login.user === user;
      done(null, isKnown ? undefined : { message: `Access denied for ${login.user}` });
      numbered(connection).sequenceId = 0;
    },
  });
}

const COLUMNS = ['NAME', 'RU_PER_SEC', 'PRIORITY', 'BURSTABLE', 'QUERY_LIMIT'];

function answer(connection: Connection, double: TidbDouble, age: TidbAge, sql: string): void {
  try {
    const failing = double.failNext;
    if (failing?.matches.test(sql) === true) {
      double.failNext = null;
      throw new Refused(failing.code, failing.message);
    }
    if (/^SELECT /i.test(sql)) {
      const columns = COLUMNS.map((name) => ({ ...textColumn, name, orgName: name }));
      connection.writeTextResult(rowsFor(double, age, sql), columns);
    } else {
      change(double, age, sql);
      double.changes.push(sql);
      connection.writeOk({ affectedRows: 0 });
    }
  } catch (error) {
    const { code, message } = error as Refused;
    connection.writeError({ code, message });
  }
}

const textColumn = {
  catalog: 'def',
  schema: 'information_schema',
  table: 'resource_groups',
  orgTable: 'resource_groups',
  characterSet: UTF8,
  columnLength: 1_024,
  columnType: 253,
  flags: 0,
  decimals: 0,
};

function rowsFor(double: TidbDouble, age: TidbAge, sql: string): object[] {
  const [, length, prefix] = /LEFT\(NAME, (\d+)\) = '([^']*)'/.exec(sql) ?? [];
  if (prefix === undefined || prefix.length !== Number(length)) throw new Refused(1064, sql);
  return [...double.groups]
    .filter(([name]) => name.startsWith(prefix.toLowerCase()))
    .map(([name, { ruPerSec, priority, burst, queryLimit }]) => ({
      NAME: name,
      RU_PER_SEC: age === 'new' && ruPerSec === MAX_INT32 ? 'UNLIMITED' : ruPerSec.toString(),
      PRIORITY: priority,
      BURSTABLE: burstWord(burst, age),
      QUERY_LIMIT: queryLimit,
    }));
}

function burstWord(burst: bigint, age: TidbAge): string {
  if (age === 'old') return burst < 0n ? 'YES' : 'NO';
  if (burst === UNLIMITED_BURST) return 'UNLIMITED';
  return burst === MODERATED_BURST ? 'MODERATED' : 'OFF';
}

const STATEMENT =
  /^(CREATE|ALTER|DROP) RESOURCE GROUP( IF NOT EXISTS| IF EXISTS)? `((?:[^`]|``)+)`(?: (.*?))?;?$/s;

function change(double: TidbDouble, age: TidbAge, sql: string): void {
  const [, verb, condition, quoted, options = ''] = STATEMENT.exec(sql) ?? [];
  if (verb === undefined || quoted === undefined) throw new Refused(1064, `syntax: ${sql}`);
  const name = quoted.replaceAll('``', '`').toLowerCase();
  if (Buffer.byteLength(name) > 32) throw new Refused(8248, `${name} is too long`);
  const group = double.groups.get(name);
  if (verb === 'DROP') drop(double, name, group !== undefined, condition !== undefined);
  else if (verb === 'CREATE' && group !== undefined) {
    if (condition === undefined) throw new Refused(8248, `Resource group '${name}' already exists`);
  } else if (verb === 'ALTER' && group === undefined) {
    throw new Refused(8249, `Unknown resource group '${name}'`);
  } else {
    const before = group ?? { ruPerSec: 0n, priority: 'MEDIUM', burst: 0n, queryLimit: null };
    const after = { ...before };
    setOptions(after, options, age);
    if (after.ruPerSec <= 0n) throw new Refused(1105, 'unknown resource group mode');
    double.groups.set(name, after);
  }
}

function drop(double: TidbDouble, name: string, isThere: boolean, isIfExists: boolean): void {
  if (name === 'default') throw new Refused(1105, "can't drop reserved resource group");
  if (!isThere && !isIfExists) throw new Refused(8249, `Unknown resource group '${name}'`);
  if (double.bound.has(name)) {
    throw new Refused(1105, 'user [app] depends on the resource group to drop');
  }
  double.groups.delete(name);
}

const OPTION =
  /^(?:RU_PER_SEC\s*=\s*(\d+|UNLIMITED)|PRIORITY\s*=\s*(LOW|MEDIUM|HIGH)|(BURSTABLE)(?:\s*=\s*(\w+))?|QUERY_LIMIT\s*=\s*(NULL|\(([^)]*)\)))[\s,]*/;

function setOptions(group: DoubledGroup, options: string, age: TidbAge): void {
  const seen = new Set<string>();
  for (let rest = options; rest !== '';) {
    const found = OPTION.exec(rest);
    if (found === null) throw new Refused(1064, `syntax near ${rest}`);
    const [all, rate, priority, burstable, mode, query, limits] = found;
    const word = all.split(/[\s=]/)[0] ?? '';
    if (seen.has(word)) throw new Refused(1105, `Duplicated options specified: ${word}`);
    seen.add(word);
    if (rate !== undefined) setRate(group, rate);
    if (priority !== undefined) group.priority = priority;
    if (burstable !== undefined) group.burst = burstOf(mode, age, group.ruPerSec);
    if (query !== undefined) group.queryLimit = limits === undefined ? null : queryLimit(limits);
    rest = rest.slice(all.length);
  }
}

function setRate(group: DoubledGroup, rate: string): void {
  group.ruPerSec = rate === 'UNLIMITED' ? MAX_INT32 : BigInt(rate);
  group.burst = rate === 'UNLIMITED' ? UNLIMITED_BURST : group.burst;
}

function burstOf(mode: string | undefined, age: TidbAge, rate: bigint): bigint {
  const words =
    age === 'new'
      ? { MODERATED: MODERATED_BURST, UNLIMITED: UNLIMITED_BURST, OFF: rate }
      : { TRUE: UNLIMITED_BURST, FALSE: rate };
  if (mode === undefined) return age === 'new' ? MODERATED_BURST : UNLIMITED_BURST;
  const burst = (words as Readonly<Record<string, bigint>>)[mode];
  if (burst === undefined) throw new Refused(1064, `syntax near ${mode}`);
  return burst;
}

/** As `information_schema` shows it: without spaces, times as Go writes them. */
function queryLimit(limits: string): string {
  const parts = limits.split(',').map((part) => part.trim().replace(/\s*=\s*/, '='));
  if (!parts.some((part) => part.startsWith('ACTION='))) throw new Refused(1105, 'no action');
  return parts
    .map((part) =>
      part.replace(/^EXEC_ELAPSED='(\d+)ms'$/, (_, ms: string) => `EXEC_ELAPSED='${goTime(ms)}'`),
    )
    .join(', ');
}

function goTime(text: string): string {
  const ms = Number(text);
  if (ms < 1_000) return `${ms}ms`;
  const [hours, minutes] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60];
  const seconds = `${(ms % 60_000) / 1_000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
