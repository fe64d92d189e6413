import {
  pathOf,
  proposalNow,
  proposalsMeaning,
  proposalsOf,
  quotasIn,
  subtreeOf,
} from '@prorata/quota-model';
import type { AffectedPart, ApplicationState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { breathing } from '@prorata/service-runtime';
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
import { endingBy, rolloutRow } from '../rows/rolloutRow.ts';
import type { Closing } from './closing.ts';
import { headRow, registrationRow } from '../rows/historyRows.ts';
import { ruleChangeRow } from '../rows/ruleChangeRow.ts';
import { CommitmentChanges } from './commitmentChanges.ts';
import { DeclaredChanges } from './declaredChanges.ts';
import { HistoryChanges } from './historyChanges.ts';
import { organizationChanges } from './organizationChanges.ts';
import { VersionChanges } from './versionChanges.ts';

/** A part of the tree, and the last event that could alter it. */
interface PartTouch {
  readonly state: ApplicationState;
  readonly part: AffectedPart;
  readonly touch: Touch;
}

/**
 * What a batch of events does to the tables. Of several changes to one row only the last is written,
 * with the place of the last event that could alter it: so rows never tell how records were batched.
 */
export class EventChanges {
  readonly #versions = new VersionChanges();
  readonly #history = new HistoryChanges();
  readonly #commitments = new CommitmentChanges();
  readonly #declared = new DeclaredChanges();
  /** By table and key; null: the row goes. */
  readonly #rows = new Map<Table, Map<string, Row | null>>();
  /** By part, in the order of the last event that could alter it. */
  readonly #touches = new Map<string, PartTouch>();
  /** By id: proposals whose quotas have moved. They are named anew once a batch, for each may name many. */
  readonly #moved = new Map<string, StreamState>();

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
          this.#put(tables.registrationHistory, registrationRow(event.value, version));
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
      case 'ProposalOpened':
      case 'TreeChangeProposed': {
        const opened =
          state.kind === 'application' ? state.proposals.get(event.value.proposalId) : undefined;
        if (opened !== undefined) this.#put(tables.proposals, proposalRow(opened, 'open', null));
        return;
      }
      case 'RolloutAdvanced':
      case 'RolloutPaused':
      case 'RolloutPromoted':
      case 'RolloutResumed':
      case 'RolloutRolledBack':
      case 'RolloutStarted': {
        const { rolloutId, envelope } = event.value;
        const open = state.kind === 'application' ? state.rollouts.get(rolloutId) : undefined;
        const rollout = open ?? closing.rollout;
        if (rollout !== null) {
          this.#put(tables.rollouts, rolloutRow(rollout, endingBy(event), envelope));
        }
        return;
      }
      case 'QuotaMoved':
        for (const proposalId of proposalsMoved(state, event.value.toQuotaId)) {
          this.#moved.set(proposalId, state);
        }
        return;
      default:
        // A quota's rows follow from the state, by `touch`.
        return;
    }
  }

  /** How far the tables show the event's stream. */
  moveHead(touch: Touch): void {
    this.#put(tables.streamHeads, headRow(touch));
  }

  /** What hosts of the application are to apply has changed. */
  changeRules(application: string, touch: Touch): void {
    this.#put(tables.ruleChanges, ruleChangeRow(application, touch));
  }

  /** Whose rows an event may alter, deleted ones included. What is below a part is looked at when it is written. */
  touch(state: ApplicationState, parts: readonly AffectedPart[], touch: Touch): void {
    this.#history.add(state, parts, touch);
    this.#commitments.add(state, parts);
    this.#declared.add(state, parts);
    for (const part of parts) {
      const key = `${part.isWithBelow ? 'below' : 'alone'} ${part.id}`;
      // The last event goes last: it overrules an earlier one of an ancestor.
      this.#touches.delete(key);
      this.#touches.set(key, { state, part, touch });
    }
  }

  async write(client: ClientBase): Promise<void> {
    await this.#versions.write(client);
    await this.#history.write(client);
    await this.#commitments.write(client);
    await this.#declared.write(client);
    this.#putMoved();
    for (const [table, rows] of this.#rows) await writeTable(client, table, rows);
    const touched = await this.#touchedQuotas();
    await upsertRows(client, tables.quotas, quotaRows(touched));
    const gone = [...touched].filter(([id, { state }]) => !state.quotas.has(id)).map(([id]) => id);
    if (gone.length > 0) {
      await client.query('DELETE FROM quotas WHERE quota_id = ANY($1::text[])', [gone]);
    }
  }

  /**
   * All quotas of the parts as they are after the batch. Who left a part meanwhile, or was deleted, has an
   * event of its own, and who came has a later one: so it is as if each event had been looked at in its turn.
   */
  async #touchedQuotas(): Promise<ReadonlyMap<string, PartTouch>> {
    const breathe = breathing();
    const touched = new Map<string, PartTouch>();
    for (const each of this.#touches.values()) {
      for (const quotaId of quotasIn(each.state, each.part)) {
        touched.set(quotaId, each);
        await breathe();
      }
    }
    return touched;
  }

  /** What was closed meanwhile has its last row already. */
  #putMoved(): void {
    for (const [proposalId, state] of this.#moved) {
      const open = state.kind === 'application' ? state.proposals.get(proposalId) : undefined;
      if (state.kind !== 'application' || open === undefined) continue;
      this.#put(tables.proposals, proposalRow(proposalNow(state, open), 'open', null));
    }
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

function* quotaRows(touched: ReadonlyMap<string, PartTouch>): Generator<Row> {
  for (const [quotaId, { state, touch }] of touched) {
    const [quota, ...above] = pathOf(state, quotaId);
    if (quota !== undefined) yield quotaRow([quota, ...above], touch);
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

/** The open proposals of what has moved, and those of steps that mean it. */
function proposalsMoved(state: StreamState, toQuotaId: string): readonly string[] {
  if (state.kind !== 'application') return [];
  const ids = subtreeOf(state, toQuotaId);
  const proposals = [
    ...ids.flatMap((id) => proposalsOf(state, id)),
    ...proposalsMeaning(state, ids),
  ];
  return proposals.map(({ proposalId }) => proposalId);
}
