import { proposalsOf, subtreeOf } from '@prorata/quota-model';
import type { ApplicationState, ProposalState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import * as tables from '../database/tables.ts';
import type { Row, Table } from '../database/tables.ts';
import { deleteRows, upsertRows } from '../database/upsertRows.ts';
import {
  applicationRow,
  entitlementRow,
  priceBookRow,
  proposalRow,
  quotaRow,
  tierPolicyRow,
} from '../rows/currentRows.ts';
import type { Touch } from '../rows/currentRows.ts';
import { eventRow } from '../rows/eventRow.ts';
import type { PlacedEvent } from '../rows/eventRow.ts';
import type { Closing } from './closing.ts';
import { organizationChanges } from './organizationChanges.ts';
import { VersionChanges } from './versionChanges.ts';

/**
 * What a batch of events does to the tables. Of several changes to one row only the last is written,
 * with the place of the last event that could alter it: so rows never tell how records were batched.
 */
export class EventChanges {
  readonly #audit: Row[] = [];
  readonly #versions = new VersionChanges();
  /** By table and key; null: the row goes. */
  readonly #rows = new Map<Table, Map<string, Row | null>>();
  readonly #touches = new Map<
    string,
    { readonly state: ApplicationState; readonly touch: Touch }
  >();

  addAudit(event: PlacedEvent): void {
    this.#audit.push(eventRow(event));
  }

  /** Rows that follow from the event alone, and from the proposals that it closes. */
  addRows(event: EventMessage, state: StreamState, closing: Closing): void {
    for (const { proposal, status } of closing.proposals) {
      this.#put(tables.proposals, proposalRow(proposal, status, event.value.envelope));
    }
    if (state.kind === 'organization') {
      for (const { table, row, isGone } of organizationChanges(event, state, closing.cut)) {
        if (isGone) this.#drop(table, row);
        else this.#put(table, row);
      }
      return;
    }
    if (state.kind === 'application') this.#versions.add(event, state);
    switch (event.type) {
      case 'ApplicationRegistered':
        if (state.kind === 'application') {
          const { version } = state.registration;
          this.#put(tables.applications, applicationRow(event.value, version));
        }
        return;
      case 'EntitlementSet':
        this.#put(tables.entitlements, entitlementRow(event.value));
        return;
      case 'PriceBookDefined':
        this.#put(tables.priceBooks, priceBookRow(event.value));
        return;
      case 'TierPolicyPublished':
        this.#put(tables.tierPolicies, tierPolicyRow(event.value));
        return;
      case 'ChangeProposed':
      case 'ProposalOpened': {
        const opened =
          state.kind === 'application' ? state.proposals.get(event.value.proposalId) : undefined;
        if (opened !== undefined) this.#put(tables.proposals, proposalRow(opened, 'open', null));
        return;
      }
      case 'QuotaMoved':
        for (const moved of openProposalsUnder(state, event.value.toQuotaId)) {
          this.#put(tables.proposals, proposalRow(moved, 'open', null));
        }
        return;
      default:
        // A quota's rows follow from the state, by `touch`.
        return;
    }
  }

  /** The quotas whose rows an event may alter, deleted ones included. */
  touch(state: ApplicationState, quotaIds: readonly string[], touch: Touch): void {
    for (const quotaId of quotaIds) this.#touches.set(quotaId, { state, touch });
  }

  async write(client: ClientBase): Promise<void> {
    await upsertRows(client, tables.auditLog, this.#audit);
    await this.#versions.write(client);
    for (const [table, rows] of this.#rows) await writeTable(client, table, rows);
    await upsertRows(client, tables.quotas, this.#quotaRows());
    const gone = this.#goneQuotas();
    if (gone.length > 0) {
      await client.query('DELETE FROM quotas WHERE quota_id = ANY($1::text[])', [gone]);
    }
  }

  *#quotaRows(): Generator<Row> {
    for (const [quotaId, { state, touch }] of this.#touches) {
      const quota = state.quotas.get(quotaId);
      if (quota !== undefined) yield quotaRow(state, quota, touch);
    }
  }

  #goneQuotas(): string[] {
    return [...this.#touches]
      .filter(([quotaId, { state }]) => !state.quotas.has(quotaId))
      .map(([quotaId]) => quotaId);
  }

  #put(table: Table, row: Row): void {
    this.#rowsOf(table).set(keyOf(table, row), row);
  }

  #drop(table: Table, key: Row): void {
    this.#rowsOf(table).set(keyOf(table, key), null);
  }

  #rowsOf(table: Table): Map<string, Row | null> {
    let rows = this.#rows.get(table);
    if (rows === undefined) {
      rows = new Map();
      this.#rows.set(table, rows);
    }
    return rows;
  }
}

function keyOf(table: Table, row: Row): string {
  return JSON.stringify(table.key.map((column) => row[column]));
}

async function writeTable(
  client: ClientBase,
  table: Table,
  rows: ReadonlyMap<string, Row | null>,
): Promise<void> {
  const kept = [...rows.values()].filter((row) => row !== null);
  await upsertRows(client, table, kept);
  const gone = [...rows].filter(([, row]) => row === null).map(([key]) => key);
  await deleteRows(client, table, gone);
}

function openProposalsUnder(state: StreamState, quotaId: string): readonly ProposalState[] {
  if (state.kind !== 'application') return [];
  return subtreeOf(state, quotaId).flatMap((id) => proposalsOf(state, id));
}
