import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { listGenerations, schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import { inTransaction } from './inTransaction.ts';
import { ProgressRate, progressOf } from './progress.ts';
import type { Log, Progress } from './progress.ts';
import type { ProjectionDefinition } from './projections.ts';
import { ask } from './provideGeneration.ts';

const LOOK_PAUSE_MS = 500;
/** A running projector looks twice a second; who is not there by then is not running. */
const BEGIN_WAIT_MS_MAX = 20_000;
/** Another instance may be switching or dropping copies just now. */
const ASK_ATTEMPTS_MAX = 20;

export interface RebuildParts {
  readonly pool: Pool;
  readonly definition: ProjectionDefinition;
  readonly log: Log;
  /** Hears how far it is, about twice a second. */
  readonly onProgress: (line: RebuildProgress) => void;
}

export interface RebuildProgress extends Progress {
  readonly schema: string;
  readonly rate: number | null;
  readonly secondsLeft: number | null;
}

export type RebuildEnd =
  | { readonly kind: 'live'; readonly schema: string }
  /** It cannot go on; the former copy is read as before. */
  | { readonly kind: 'stopped'; readonly schema: string; readonly trouble: string }
  /** No projector of this version fills it; it stays asked for. */
  | { readonly kind: 'waiting'; readonly schema: string }
  /** Somebody has asked for another one meanwhile. */
  | { readonly kind: 'given up'; readonly schema: string };

/**
 * Asks the running projectors for another copy and follows it until it is read; one that is being
 * filled already is followed to its end.
 */
export async function rebuild(parts: RebuildParts): Promise<RebuildEnd> {
  const { pool, definition, log, onProgress } = parts;
  const number = await beginOrJoin(pool, definition);
  const schema = schemaOf({ projection: definition.name, generation: number });
  const rate = new ProgressRate();
  const beginByMs = performance.now() + BEGIN_WAIT_MS_MAX;
  for (;;) {
    const now = (await copiesOf(pool, definition)).find((each) => each.generation === number);
    if (now === undefined || now.state === 'former') return { kind: 'given up', schema };
    if (now.state === 'live') return { kind: 'live', schema };
    if (now.trouble !== null) return { kind: 'stopped', schema, trouble: now.trouble };
    if (now.state === 'asked' && performance.now() > beginByMs) return { kind: 'waiting', schema };
    if (now.state === 'building') {
      const progress = await progressOf(pool, now, definition, log);
      onProgress({ schema, ...progress, ...rate.look(progress, performance.now()) });
    }
    await sleep(LOOK_PAUSE_MS);
  }
}

async function beginOrJoin(pool: Pool, definition: ProjectionDefinition): Promise<number> {
  for (let attempt = 0; attempt < ASK_ATTEMPTS_MAX; attempt += 1) {
    const number = await inTransaction(pool, async (client) => {
      const known = await copiesOf(client, definition);
      const running = known.find(
        ({ state, version }) =>
          version === definition.version && (state === 'asked' || state === 'building'),
      );
      return running?.generation ?? (await ask(client, definition));
    });
    if (number !== undefined) return number;
    await sleep(LOOK_PAUSE_MS);
  }
  throw new Error('Projectors are busy with other copies; try again.');
}

async function copiesOf(
  client: Parameters<typeof listGenerations>[0],
  { name }: ProjectionDefinition,
): Promise<readonly Generation[]> {
  return (await listGenerations(client)).filter(({ projection }) => projection === name);
}
