import type { HostReport, RulesDelivered, TargetReport } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { deliveryRow, hostRow, targetRow } from '../rows/reportRows.ts';
import type { DecodedRecord, Projected, Projection } from './projection.ts';
import { ReportChanges } from './reportChanges.ts';

const MICROS_PER_MS = 1_000n;

/**
 * Reports become rows of hosts and targets, the newest of each. Nothing here stops a partition: all hosts of all
 * applications write to this topic, and what one of them writes must not hide the others.
 */
export class ReportsProjection implements Projection {
  readonly folds = false;
  readonly hashes = false;
  /** Reports are kept for a day. */
  readonly wholeLog = false;
  readonly skipsUnreadable = true;

  fold(): void {
    // A report is whole in itself.
  }

  project(records: readonly DecodedRecord[]): Projected {
    const changes = new ReportChanges();
    for (const { message, loggedAtMs } of records) {
      const heardAt = BigInt(loggedAtMs) * MICROS_PER_MS;
      switch (message.type) {
        case 'HostReport':
          addHost(changes, message.value, heardAt);
          break;
        case 'TargetReport':
          addTarget(changes, message.value, heardAt);
          break;
        case 'RulesDelivered':
          addDelivery(changes, message.value, heardAt);
          break;
        default:
          // Of newer code: what it says is not known here.
          break;
      }
    }
    return {
      changes: (client: ClientBase) => changes.write(client),
      records: records.length,
      broken: null,
    };
  }
}

function addHost(changes: ReportChanges, report: HostReport, heardAt: bigint): void {
  const row = hostRow({ report, heardAt });
  if (row !== null) changes.addHost(row, report, heardAt);
}

function addTarget(changes: ReportChanges, report: TargetReport, heardAt: bigint): void {
  const row = targetRow({ report, heardAt });
  if (row !== null) changes.addTarget(row, report, heardAt);
}

function addDelivery(changes: ReportChanges, report: RulesDelivered, heardAt: bigint): void {
  const row = deliveryRow({ report, heardAt });
  if (row !== null) changes.addDelivery(row, report, heardAt);
}
