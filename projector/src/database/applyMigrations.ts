import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pool, PoolClient } from 'pg';

export const MIGRATIONS_DIRECTORY = path.join(import.meta.dirname, '..', 'migrations');
const CONTROL_DIRECTORY = path.join(MIGRATIONS_DIRECTORY, 'control');
/** `0001_names_what_it_does.sql`: applied in this order, each once. */
export const MIGRATION_FILE = /^\d{4}_[a-z0-9_]+\.sql$/;
/** Any number that nothing else in this database locks: "prorata" in hexadecimal ASCII. */
const LOCK_KEY = '31651020377519201';

/** A migration that was applied has another text now: the tables are not what this version expects. */
export class MigrationChanged extends Error {
  override readonly name = 'MigrationChanged';
  readonly migration: string;
  constructor(migration: string) {
    super(
      `${migration} was applied with another text. Read models hold nothing of their own: drop this ` +
        'database, and the log fills a new one.',
    );
    this.migration = migration;
  }
}

/**
 * Brings the tables that tell copies apart to this version's form, each file in a transaction of its own. Instances
 * that start together wait for each other on an advisory lock. The copies' own tables are made whole each time.
 * @returns the names of the files applied now.
 */
export async function applyMigrations(pool: Pool): Promise<readonly string[]> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1::bigint)', [LOCK_KEY]);
    try {
      return await applyMissing(client);
    } finally {
      await client.query('SELECT pg_advisory_unlock($1::bigint)', [LOCK_KEY]);
    }
  } finally {
    client.release();
  }
}

async function applyMissing(client: PoolClient): Promise<readonly string[]> {
  await client.query('CREATE SCHEMA IF NOT EXISTS projector');
  await client.query(
    'CREATE TABLE IF NOT EXISTS projector.schema_migration (name text PRIMARY KEY, sha256 text NOT NULL)',
  );
  const { rows } = await client.query<{ name: string; sha256: string }>(
    'SELECT name, sha256 FROM projector.schema_migration',
  );
  const known = new Map(rows.map((row) => [row.name, row.sha256]));
  const applied: string[] = [];
  for (const name of await migrationFiles()) {
    const text = await readFile(path.join(CONTROL_DIRECTORY, name), 'utf8');
    const digest = createHash('sha256').update(text).digest('hex');
    const before = known.get(name);
    if (before === digest) continue;
    if (before !== undefined) throw new MigrationChanged(name);
    await applyOne(client, name, text, digest);
    applied.push(name);
  }
  return applied;
}

async function migrationFiles(): Promise<readonly string[]> {
  const names = await readdir(CONTROL_DIRECTORY);
  return names.filter((name) => MIGRATION_FILE.test(name)).sort();
}

async function applyOne(client: PoolClient, name: string, text: string, digest: string) {
  await client.query('BEGIN');
  try {
    await client.query(text);
    await client.query('INSERT INTO projector.schema_migration (name, sha256) VALUES ($1, $2)', [
      name,
      digest,
    ]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
