import type { EventMessage } from '@prorata/schemas';
import * as tables from '../database/tables.ts';
import type { Row } from '../database/tables.ts';
import type { Month } from '../database/auditMonths.ts';
import { upsertRows } from '../database/upsertRows.ts';
import { touchOf } from '../rows/currentRows.ts';
import { eventRow } from '../rows/eventRow.ts';
import { headRow } from '../rows/historyRows.ts';
import { appendAudit } from './appendAudit.ts';
import { eventOf } from './eventOf.ts';
import type { DecodedRecord, Projected, Projection } from './projection.ts';
import { takeUntilBroken } from './takeUntilBroken.ts';

/** Events become rows of the audit log, each by itself: what does not follow from the state is shown too. */
export class AuditProjection implements Projection {
  readonly folds = false;
  readonly hashes = true;
  readonly wholeLog = true;
  readonly skipsUnreadable = false;
  readonly #topic: string;
  readonly #partition: number;
  /** An owner writes one copy's tables. */
  readonly #months = new Set<Month>();

  /** @param topic without the namespace */
  constructor(topic: string, partition: number) {
    this.#topic = topic;
    this.#partition = partition;
  }

  fold(): void {
    // A row of the audit log is whole in itself.
  }

  project(records: readonly DecodedRecord[]): Projected {
    const rows: Row[] = [];
    const heads = new Map<string, Row>();
    const taken = takeUntilBroken(records, (record) => {
      const event = eventOf(record);
      rows.push(this.#rowOf(record, event));
      const head = headRow(touchOf(event, this.#partition, record.offset));
      heads.set(event.value.envelope.stream, head);
    });
    return {
      ...taken,
      changes: async (client) => {
        await appendAudit(client, rows, this.#months);
        await upsertRows(client, tables.streamHeads, heads.values());
      },
    };
  }

  #rowOf({ offset, hash }: DecodedRecord, event: EventMessage): Row {
    const place = { topic: this.#topic, partition: this.#partition, offset };
    return eventRow({ ...place, event, hash: hash ?? '' });
  }
}
