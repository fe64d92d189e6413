import type { AffectedPart, ApplicationState } from '@prorata/quota-model';
import type { ClientBase } from 'pg';
import * as tables from '../database/tables.ts';
import type { Row } from '../database/tables.ts';
import { upsertRows } from '../database/upsertRows.ts';
import { declaredRows } from '../rows/declaredRows.ts';

/** Whose declared limits a batch of events may alter, each quota once, as it is after the batch. */
export class DeclaredChanges {
  readonly #quotas = new Map<string, ApplicationState>();

  /** @param parts each names a quota that is other by itself, or gone */
  add(state: ApplicationState, parts: readonly AffectedPart[]): void {
    for (const { id } of parts) {
      if (id !== state.id) this.#quotas.set(id, state);
    }
  }

  async write(client: ClientBase): Promise<void> {
    if (this.#quotas.size === 0) return;
    // Of what is declared no longer no row is left.
    await client.query('DELETE FROM declared_limits WHERE quota_id = ANY($1::text[])', [
      [...this.#quotas.keys()],
    ]);
    await upsertRows(client, tables.declaredLimits, rowsOf(this.#quotas));
  }
}

function* rowsOf(quotas: ReadonlyMap<string, ApplicationState>): Generator<Row> {
  for (const [quotaId, state] of quotas) {
    const quota = state.quotas.get(quotaId);
    if (quota !== undefined) yield* declaredRows(quota);
  }
}
