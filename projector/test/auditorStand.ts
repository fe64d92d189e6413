import { randomBytes } from 'node:crypto';
import { hashOf } from '@prorata/schemas';
import type { Message } from '@prorata/schemas';
import { freshDatabase } from '@prorata/test-kit';
import pg from 'pg';
import { applyMigrations } from '../src/database/applyMigrations.ts';
import { openPool } from '../src/database/openPool.ts';
import { schemaOf } from '../src/generations/generation.ts';
import type { Generation } from '../src/generations/generation.ts';
import { projections } from '../src/generations/projections.ts';
import type { ProjectionDefinition } from '../src/generations/projections.ts';
import { ask, provideGeneration } from '../src/generations/provideGeneration.ts';
import { inTransaction } from '../src/generations/inTransaction.ts';
import { openCopy } from '../src/roles/copyOpener.ts';
import { provideRoles } from '../src/roles/provideRoles.ts';
import type { RolesHeld } from '../src/roles/provideRoles.ts';
import { publishViews } from '../src/views/publishViews.ts';
import type { Stamped } from './eventStamper.ts';
import { reportStory } from './reportStory.ts';

const PARTITIONS = 1;

/** A database with live copies, roles and views as a projector makes them, and no log: rows come from `fill`. */
export class AuditorStand {
  readonly databaseUrl: string;
  readonly owner: pg.Pool;
  readonly roles: RolesHeld;
  readonly #clients: pg.Client[] = [];
  readonly #logins: string[] = [];

  private constructor(databaseUrl: string, owner: pg.Pool, roles: RolesHeld) {
    this.databaseUrl = databaseUrl;
    this.owner = owner;
    this.roles = roles;
  }

  /** @param url of an empty database, with its owner */
  static async open(url?: string): Promise<AuditorStand> {
    const databaseUrl = url ?? (await freshDatabase());
    const owner = openPool(databaseUrl, () => undefined);
    await applyMigrations(owner);
    const stand = new AuditorStand(databaseUrl, owner, await provideRoles(owner));
    for (const definition of projections) await stand.make(definition);
    return stand;
  }

  /** The next copy that is wanted: the first is live at once. */
  async make(definition: ProjectionDefinition): Promise<Generation> {
    const made = await provideGeneration(this.owner, definition, PARTITIONS);
    if (made === null) throw new Error(`No copy of ${definition.name} is wanted.`);
    await inTransaction(this.owner, (client) => openCopy(client, schemaOf(made), this.roles));
    if (made.state === 'live') {
      await inTransaction(this.owner, (client) => publishViews(client, made));
    }
    return made;
  }

  async makeBeside(definition: ProjectionDefinition): Promise<Generation> {
    await inTransaction(this.owner, (client) => ask(client, definition));
    return this.make(definition);
  }

  /** Writes what the projection makes of the commands, under the projector's role. */
  async fill(generation: number, commands: readonly Stamped[]): Promise<void> {
    for (const { name, topics } of projections) {
      const schemas = [`${name}_${generation}`];
      const role = this.roles.projector;
      const pool = openPool(this.databaseUrl, () => undefined, { schemas, role });
      const client = await pool.connect();
      await client.query('BEGIN');
      for (const { topic, newProjection } of topics) {
        const { changes, broken } = newProjection(topic, 0).project(recordsOf(topic, commands));
        if (broken !== null) throw broken;
        await changes(client);
      }
      await client.query('COMMIT');
      client.release();
      await pool.end();
    }
  }

  /** A login of the server, and a session of it; it may do nothing yet. */
  async login(attributes = ''): Promise<{ readonly name: string; readonly client: pg.Client }> {
    const name = `t_${randomBytes(6).toString('hex')}`;
    await this.owner.query(`CREATE ROLE ${name} LOGIN PASSWORD 'test' ${attributes}`);
    this.#logins.push(name);
    return { name, client: await this.session(name) };
  }

  /** One more session of a login. */
  async session(name: string): Promise<pg.Client> {
    const url = new URL(this.databaseUrl);
    url.username = name;
    url.password = 'test';
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  /** An auditor of these streams. */
  async auditor(...streams: readonly string[]): Promise<pg.Client> {
    const { name } = await this.login();
    await this.owner.query('SELECT prorata.grant_auditor($1, $2)', [name, streams]);
    return this.session(name);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
    for (const name of this.#logins) {
      await this.owner.query(`DROP OWNED BY ${name} CASCADE`);
      await this.owner.query(`DROP ROLE ${name}`);
    }
    await this.owner.end();
  }
}

function recordsOf(topic: string, commands: readonly Stamped[]) {
  const messages = messagesOf(topic, commands);
  return messages.map((message, index) => ({
    offset: BigInt(index),
    message,
    hash: hashOf(message).toString('hex'),
    // What was reported long before is not shown.
    loggedAtMs: Date.now(),
  }));
}

function messagesOf(topic: string, commands: readonly Stamped[]): readonly Message[] {
  if (topic === 'host.reports') return reportStory;
  return commands.flatMap(({ events, outcome }): readonly Message[] => {
    if (topic === 'quota.events') return events;
    return outcome === null ? [] : [outcome];
  });
}
