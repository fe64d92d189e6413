import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';
import { postgresBinaries, postgresDataDirectory, postgresUser } from './postgresPlace.ts';
import type { PostgresUser } from './postgresPlace.ts';
import { startProcess } from './startProcess.ts';
import type { RunningPart, StartOptions } from './startProcess.ts';

export interface PostgresOptions {
  readonly directory: string;
  readonly password: string;
  readonly port?: number;
  readonly logFile?: string;
  /** false gives up durability for speed: for tests, whose data nobody will miss. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onSpawn?: StartOptions['onSpawn'];
}

export interface RunningPostgres extends RunningPart {
  readonly port: number;
  /** Of the database `postgres`, with the owner's password in it. */
  readonly url: string;
  readonly dataDirectory: string;
}

const databaseUser = 'prorata';
const readyTimeoutMs = 60_000;
/** A fast shutdown writes a checkpoint: well under a second here. */
const graceMs = 8_000;
/** Several services and test files with a pool each. */
const connectionsMax = 200;

const run = promisify(execFile);

async function own(target: string, user: PostgresUser | undefined): Promise<void> {
  if (user !== undefined) await chown(target, user.uid, user.gid);
}

/** Makes the cluster in a folder beside and renames it: a data folder is whole or absent. */
async function initialise(
  initdb: string,
  dataDirectory: string,
  password: string,
  user: PostgresUser | undefined,
): Promise<void> {
  if (existsSync(path.join(dataDirectory, 'PG_VERSION'))) return;
  await rm(dataDirectory, { recursive: true, force: true });
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  await own(dataDirectory, user);
  const passwordFile = `${dataDirectory}.password`;
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await own(passwordFile, user);
  try {
    await run(
      initdb,
      [
        `--pgdata=${dataDirectory}`,
        '--auth=scram-sha-256',
        `--username=${databaseUser}`,
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { cwd: os.tmpdir(), ...(user ?? {}) },
    );
  } catch (error) {
    await rm(dataDirectory, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Data outside the stack's folder belongs to it only while the folder says so: otherwise it is left
 * over from one that was deleted, whose password nobody knows any more.
 */
async function claimOutside(directory: string, dataDirectory: string): Promise<void> {
  const claim = path.join(directory, 'data-is-elsewhere');
  if (dataDirectory.startsWith(path.resolve(directory)) || existsSync(claim)) return;
  await rm(dataDirectory, { recursive: true, force: true });
  await writeFile(claim, `${dataDirectory}\n`);
}

function serverSettings(port: number, durable: boolean): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(connectionsMax),
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
}

/**
 * Starts a Postgres server on loopback, making its cluster when there is none.
 * @throws PartDidNotStart
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const user = postgresUser();
  const binaries = await postgresBinaries(user);
  const dataDirectory = postgresDataDirectory(path.resolve(options.directory), user);
  await mkdir(options.directory, { recursive: true });
  // The server's user has to walk through, and may see no more than the names of its own folders.
  if (user !== undefined) await chmod(options.directory, 0o711);
  await claimOutside(options.directory, dataDirectory);
  await initialise(binaries.initdb, dataDirectory, options.password, user);
  const port = options.port ?? (await freePort());
  const part = await startProcess({
    name: 'postgres',
    command: binaries.postgres,
    arguments: ['-D', dataDirectory, ...serverSettings(port, options.durable ?? true)],
    environment: { LC_MESSAGES: 'C' },
    workingDirectory: os.tmpdir(),
    user,
    logFile: options.logFile ?? path.join(options.directory, 'postgres.log'),
    ready: (log) => log.includes('database system is ready to accept connections'),
    readyTimeoutMs,
    // SIGTERM would wait for every client to leave by itself; SIGQUIT is the crash that also ends
    // the children, who would otherwise hold the shared memory against a quick restart.
    stopSignal: 'SIGINT',
    killSignal: 'SIGQUIT',
    graceMs,
    signal: options.signal,
    onSpawn: options.onSpawn,
  });
  const address = `127.0.0.1:${String(port)}`;
  const url = `postgresql://${databaseUser}:${options.password}@${address}/postgres`;
  return { ...part, port, url, dataDirectory };
}
