import { ancestorsOf, commitmentsOf } from '@prorata/quota-model';
import type { AffectedPart, ApplicationState } from '@prorata/quota-model';
import type { ClientBase } from 'pg';
import * as tables from '../database/tables.ts';
import type { Row } from '../database/tables.ts';
import { upsertRows } from '../database/upsertRows.ts';
import { commitmentRow } from '../rows/commitmentRow.ts';

/**
 * Below which nodes a batch of events hands out something else: those that it is about and all above them,
 * each once, as they are after the batch.
 */
export class CommitmentChanges {
  readonly #nodes = new Map<string, ApplicationState>();

  /** @param parts what the event could alter */
  add(state: ApplicationState, parts: readonly AffectedPart[]): void {
    for (const { id } of parts) {
      for (const node of [id, ...ancestorsOf(id)]) this.#nodes.set(node, state);
    }
    // A registration changes the totals, and names no quota.
    this.#nodes.set(state.id, state);
  }

  async write(client: ClientBase): Promise<void> {
    if (this.#nodes.size === 0) return;
    // Of what is no longer declared below a node no row is left.
    await client.query('DELETE FROM commitments WHERE node = ANY($1::text[])', [
      [...this.#nodes.keys()],
    ]);
    await upsertRows(client, tables.commitments, rowsOf(this.#nodes));
  }
}

function* rowsOf(nodes: ReadonlyMap<string, ApplicationState>): Generator<Row> {
  for (const [node, state] of nodes) {
    for (const each of commitmentsOf(state, node)) yield commitmentRow(state.id, node, each);
  }
}
