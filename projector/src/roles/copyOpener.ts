import type { ClientBase, Pool } from 'pg';
import { provideMonthMaker } from '../database/auditMonths.ts';
import { schemaOf } from '../generations/generation.ts';
import type { Generation } from '../generations/generation.ts';
import { inTransaction } from '../generations/inTransaction.ts';
import type { RolesHeld } from './provideRoles.ts';
import { roleTable } from './roleTable.ts';

/** Opens each copy, once, to the roles that there are. */
export class CopyOpener {
  readonly #pool: Pool;
  readonly #roles: RolesHeld;
  readonly #opened = new Set<string>();

  constructor(pool: Pool, roles: RolesHeld) {
    this.#pool = pool;
    this.#roles = roles;
  }

  /** @returns false, with some closed, while another instance changes copies */
  async openAll(all: readonly Generation[]): Promise<boolean> {
    const closed = all
      .filter(({ state }) => state !== 'asked')
      .map(schemaOf)
      .filter((schema) => !this.#opened.has(schema));
    if (closed.length === 0) return true;
    const opened = await inTransaction(this.#pool, async (client) => {
      for (const schema of closed) await openCopy(client, schema, this.#roles);
      return true;
    });
    if (opened === undefined) return false;
    for (const schema of closed) this.#opened.add(schema);
    return true;
  }
}

/** In the caller's transaction. The copy may have been made by code that knew no roles. */
export async function openCopy(
  client: Pick<ClientBase, 'query'>,
  schema: string,
  { known }: Pick<RolesHeld, 'known'>,
): Promise<void> {
  await provideMonthMaker(client, schema);
  for (const role of known) {
    const privileges = roleTable[role].may.copies.join(', ');
    if (privileges === '') continue;
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
    await client.query(`GRANT ${privileges} ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
  }
  if (!known.includes('prorata_projector')) return;
  await client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO prorata_projector`);
}
