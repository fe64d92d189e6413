import type { CommandOutcome } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import * as tables from '../database/tables.ts';
import type { Row } from '../database/tables.ts';
import { upsertRows } from '../database/upsertRows.ts';
import { commandRow, isDecision, refusalRow } from '../rows/outcomeRows.ts';
import { appendAudit } from './appendAudit.ts';
import { BrokenInvariant } from './projection.ts';
import type { DecodedRecord, Projected, Projection } from './projection.ts';
import { takeUntilBroken } from './takeUntilBroken.ts';

/** Outcomes become commands, and refusals stand in the audit log. Nothing is folded. */
export class OutcomesProjection implements Projection {
  readonly folds = false;
  readonly hashes = false;
  /** Outcomes are kept for a time. */
  readonly wholeLog = false;
  readonly skipsUnreadable = false;
  readonly #topic: string;
  readonly #partition: number;

  /** @param topic without the namespace */
  constructor(topic: string, partition: number) {
    this.#topic = topic;
    this.#partition = partition;
  }

  fold(): void {
    // An outcome is whole in itself.
  }

  project(records: readonly DecodedRecord[]): Projected {
    const rows = new OutcomeRows();
    const taken = takeUntilBroken(records, ({ offset, message }) => {
      if (message.type !== 'CommandOutcome') {
        throw new BrokenInvariant(offset, `A ${message.type} stands among the outcomes.`);
      }
      rows.add(this.#topic, this.#partition, offset, message.value);
    });
    return { ...taken, changes: (client) => rows.write(client) };
  }
}

class OutcomeRows {
  readonly #refusals: Row[] = [];
  readonly #decisions = new Map<string, Row>();
  readonly #others = new Map<string, Row>();

  add(topic: string, partition: number, offset: bigint, outcome: CommandOutcome): void {
    const placed = { topic, partition, offset, outcome };
    if (outcome.status === 'refused') this.#refusals.push(refusalRow(placed));
    const row = commandRow(placed);
    if (row === null) return;
    const key = JSON.stringify(tables.commands.key.map((column) => row[column]));
    if (isDecision(outcome)) this.#decisions.set(key, row);
    else if (!this.#others.has(key)) this.#others.set(key, row);
  }

  /** Decisions first: what turned a command away stands only where there is no decision. */
  async write(client: ClientBase): Promise<void> {
    await appendAudit(client, this.#refusals);
    await upsertRows(client, tables.commands, this.#decisions.values());
    await upsertRows(client, tables.commands, this.#others.values(), 'keep');
  }
}
