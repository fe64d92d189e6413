import type { ApplicationState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import * as tables from '../database/tables.ts';
import type { Row } from '../database/tables.ts';
import { appendRows } from '../database/appendRows.ts';
import { versionRow } from '../rows/versionRow.ts';

interface End {
  readonly quota_id: string;
  readonly at: string;
}

/** Of one kind, one after the other, so that they are one statement. */
type Changes =
  | { readonly kind: 'rows'; readonly rows: Row[] }
  | { readonly kind: 'ends'; readonly ends: End[] }
  | { readonly kind: 'move'; readonly from: string; readonly to: string };

/**
 * What events do to the versions of quotas, in their order: a quota takes its versions along when it
 * moves, and those of one that is deleted stay under the id that it had last.
 */
export class VersionChanges {
  readonly #changes: Changes[] = [];

  /** @param state after the event */
  add(event: EventMessage, state: ApplicationState): void {
    const { quotaId, streamVersion } = event.value.envelope;
    if (quotaId === null) return;
    if (event.type === 'QuotaMoved') {
      this.#changes.push({ kind: 'move', from: quotaId, to: event.value.toQuotaId });
    } else if (event.type === 'QuotaDeleted') {
      this.#end({ quota_id: quotaId, at: streamVersion.toString() });
    } else {
      const quota = state.quotas.get(quotaId);
      const row = quota === undefined ? null : versionRow(event, quota);
      if (row !== null) this.#put(row);
    }
  }

  async write(client: ClientBase): Promise<void> {
    for (const change of this.#changes) {
      if (change.kind === 'rows') await appendRows(client, tables.quotaVersions, change.rows);
      else if (change.kind === 'move') await client.query(MOVE, [change.from, change.to]);
      else await client.query(END, [JSON.stringify(change.ends)]);
    }
  }

  #put(row: Row): void {
    const last = this.#changes.at(-1);
    if (last?.kind === 'rows') last.rows.push(row);
    else this.#changes.push({ kind: 'rows', rows: [row] });
  }

  #end(end: End): void {
    const last = this.#changes.at(-1);
    if (last?.kind === 'ends') last.ends.push(end);
    else this.#changes.push({ kind: 'ends', ends: [end] });
  }
}

const END =
  'UPDATE quota_versions AS v SET ended = e.at ' +
  'FROM jsonb_to_recordset($1::jsonb) AS e (quota_id text, at bigint) ' +
  'WHERE v.quota_id = e.quota_id AND v.ended IS NULL';

// By bytes `0` comes right after `/`, so that the range is what lies below the id.
const MOVE =
  'UPDATE quota_versions SET quota_id = $2::text || substr(quota_id, length($1::text) + 1) ' +
  `WHERE ended IS NULL AND (quota_id = $1::text OR (quota_id > $1::text || '/' AND quota_id < $1::text || '0'))`;
