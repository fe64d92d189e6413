import type { ClientBase, Pool } from 'pg';
import { createTables } from '../database/createTables.ts';
import { listGenerations, schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import { inTransaction } from './inTransaction.ts';
import { publishViews } from '../views/publishViews.ts';
import type { ProjectionDefinition } from './projections.ts';

/**
 * Makes the tables that somebody asked for, or those that this version of the code needs and nobody
 * has made. The first copy of all is live at once: nobody reads anything else.
 * @param partitions of the log
 * @returns the copy that was made
 */
export async function provideGeneration(
  pool: Pool,
  definition: ProjectionDefinition,
  partitions: number,
): Promise<Generation | null> {
  const known = ofProjection(await listGenerations(pool), definition);
  if (wantedBy(known, definition) === 'nothing') return null;
  const made = await inTransaction(pool, async (client) => {
    const current = ofProjection(await listGenerations(client), definition);
    const wanted = wantedBy(current, definition);
    if (wanted === 'nothing') return null;
    const generation = wanted === 'another' ? await ask(client, definition) : wanted.generation;
    const state = current.some((each) => each.state === 'live') ? 'building' : 'live';
    const schema = schemaOf({ projection: definition.name, generation });
    await createTables(client, definition, { schema, partitions });
    await client.query(
      'UPDATE projector.generations SET state = $3, since = now() WHERE projection = $1 AND generation = $2',
      [definition.name, generation, state],
    );
    const { name: projection, version } = definition;
    // What keeps views from being made keeps nobody from filling: the keeper tries again, and tells.
    if (state === 'live') {
      await publishViews(client, { projection, generation }).catch(() => false);
    }
    return { projection, generation, version, state, trouble: null } as const;
  });
  return made ?? null;
}

const ofProjection = (
  all: readonly Generation[],
  { name }: ProjectionDefinition,
): readonly Generation[] => all.filter(({ projection }) => projection === name);

/** What was asked of this version, another copy since there is none of this version, or nothing. */
function wantedBy(
  known: readonly Generation[],
  { version }: ProjectionDefinition,
): Generation | 'another' | 'nothing' {
  const asked = known.find((each) => each.state === 'asked' && each.version === version);
  if (asked !== undefined) return asked;
  const isThere = known.some(
    (each) => each.version === version && (each.state === 'building' || each.state === 'live'),
  );
  // Where newer code has taken over, older code fills nothing by itself: they would take turns for ever.
  const isNewest = known.every((each) => each.state === 'former' || each.version < version);
  return !isThere && isNewest ? 'another' : 'nothing';
}

/**
 * Asks for a copy that an instance with this version is to fill. What older code was filling is given up.
 * @returns its number
 */
export async function ask(
  client: Pick<ClientBase, 'query'>,
  { name, version }: ProjectionDefinition,
): Promise<number> {
  await client.query(
    `DELETE FROM projector.generations WHERE projection = $1 AND state = 'asked'`,
    [name],
  );
  await client.query(
    `UPDATE projector.generations SET state = 'former', since = now()
     WHERE projection = $1 AND state = 'building'`,
    [name],
  );
  const { rows } = await client.query<{ generation: number }>(
    `INSERT INTO projector.generations (projection, generation, version, state)
     SELECT $1, coalesce(max(generation), 0) + 1, $2, 'asked'
     FROM projector.generations WHERE projection = $1
     RETURNING generation`,
    [name, version],
  );
  return rows[0]?.generation ?? 0;
}
