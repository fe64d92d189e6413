import type { ClientBase } from 'pg';

/** asked → building → live → former; the first of a projection is live at once. */
export type GenerationState = 'asked' | 'building' | 'live' | 'former';

/** One copy of a projection's tables. */
export interface Generation {
  readonly projection: string;
  readonly generation: number;
  /** Of the code that fills it. */
  readonly version: number;
  readonly state: GenerationState;
  readonly trouble: string | null;
}

/** The schema that a copy's tables and checkpoints stand in: `quotas_3`. */
export function schemaOf({
  projection,
  generation,
}: Pick<Generation, 'projection' | 'generation'>): string {
  return `${projection}_${generation}`;
}

/** All copies, by projection, the oldest first. */
export async function listGenerations(
  client: Pick<ClientBase, 'query'>,
): Promise<readonly Generation[]> {
  const { rows } = await client.query<Generation>(
    'SELECT projection, generation, version, state, trouble FROM projector.generations ' +
      'ORDER BY projection, generation',
  );
  return rows;
}
