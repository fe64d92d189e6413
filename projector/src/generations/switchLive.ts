import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import { readCheckpoints } from '../database/checkpoints.ts';
import { listGenerations, schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import { inTransaction } from './inTransaction.ts';
import { publishViews } from '../views/publishViews.ts';

/** Records by which a copy may be behind the live one for the switch to be tried. */
const BEHIND_MAX = 5_000n;
/** How long the live copy may be held for the other to come level, and how often that is looked at, milliseconds. */
const LEVEL_WAIT_MS_MAX = 1_500;
const LEVEL_LOOK_MS = 10;

/**
 * Makes a copy the live one, in one transaction, once it shows all that the live one shows: who reads
 * the one and then the other never goes back in time. The live one's checkpoints are held meanwhile.
 * @returns whether it is live now
 */
export async function switchLive(pool: Pool, building: Generation): Promise<boolean> {
  const live = liveBeside(await listGenerations(pool), building);
  if (live === undefined || (await behind(pool, building, live)) > BEHIND_MAX) return false;
  const switched = await inTransaction(pool, async (client) => {
    const now = await listGenerations(client);
    const isBuilding = now.some((each) => isSame(each, building) && each.state === 'building');
    if (!isBuilding || liveBeside(now, building)?.generation !== live.generation) return false;
    await client.query(
      `SELECT 1 FROM ${schemaOf(live)}.projection_checkpoint ORDER BY topic, partition FOR UPDATE`,
    );
    if (!(await comesLevel(client, building, live))) return false;
    await putInState(client, live, 'former');
    await putInState(client, building, 'live');
    // Where an auditor reads a view for long, or one cannot be made, the keeper tries again: the former copy stays.
    await publishViews(client, building).catch(() => false);
    return true;
  });
  return switched ?? false;
}

const isSame = (one: Generation, other: Generation): boolean => schemaOf(one) === schemaOf(other);

function liveBeside(
  all: readonly Generation[],
  { projection }: Generation,
): Generation | undefined {
  return all.find((each) => each.projection === projection && each.state === 'live');
}

async function comesLevel(
  client: ClientBase,
  building: Generation,
  live: Generation,
): Promise<boolean> {
  const endMs = performance.now() + LEVEL_WAIT_MS_MAX;
  while ((await behind(client, building, live)) > 0n) {
    if (performance.now() > endMs) return false;
    await sleep(LEVEL_LOOK_MS);
  }
  return true;
}

/** Records of all partitions that the live copy has and the other has not. */
async function behind(
  client: Pick<ClientBase, 'query'>,
  building: Generation,
  live: Generation,
): Promise<bigint> {
  const [theirs, ours] = [
    await readCheckpoints(client, [schemaOf(live)]),
    await readCheckpoints(client, [schemaOf(building)]),
  ];
  let records = 0n;
  for (const [place, next] of theirs) {
    const gap = next - (ours.get(place) ?? 0n);
    if (gap > 0n) records += gap;
  }
  return records;
}

async function putInState(
  client: ClientBase,
  { projection, generation }: Generation,
  state: Generation['state'],
): Promise<void> {
  await client.query(
    `UPDATE projector.generations SET state = $3, since = now(), trouble = NULL
     WHERE projection = $1 AND generation = $2`,
    [projection, generation, state],
  );
}
