import * as tables from '../database/tables.ts';
import type { Table } from '../database/tables.ts';
import { APPLICATION, OF_APPLICATION, viewOf } from './auditorView.ts';
import type { AuditorView } from './auditorView.ts';

export const ruleChanges = viewOf(tables.ruleChanges, {
  about:
    'When an application changed what hosts enforce: the last 10 minutes in which it did, the newest change of each 5 ' +
    'seconds. The largest `event_offset` is what every host should have applied.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    event_offset: 'Where the event stands in its partition of `quota.events`.',
    decided_at: 'When it was decided.',
  },
});

/** Reports are kept for a day: so long those are told that have fallen silent. */
function reportedOf(
  table: Table,
  view: Pick<AuditorView, 'about'> & { readonly columns: Readonly<Record<string, string>> },
): AuditorView {
  return {
    ...viewOf(table, { projection: 'hosts', stream: OF_APPLICATION, ...view }),
    from: (schema) =>
      `(SELECT * FROM ${schema}."${table.name}" WHERE heard_at > now() - interval '1 day') AS t`,
  };
}

const HEARD_AT = 'When the log had the report.';

export const hosts = reportedOf(tables.hosts, {
  about:
    'What each host said last: which rules it has applied. Who says nothing for a day is forgotten.',
  columns: {
    application: APPLICATION,
    host_id: 'The host.',
    boot_id: 'Its start.',
    sequence: 'The number of the report since then.',
    sdk_version: "The SDK's version.",
    zone: 'Where it runs; null: it does not say.',
    source: 'Where its rules came from: `kafka`, `http` or `disk`.',
    rules: 'How many are in force.',
    rejected_rules: 'Quotas whose newest rule it could not take.',
    applied_offset: 'The newest event that it has applied; -1: none.',
    applied_at: 'When, by its clock; null: never.',
    reported_at: 'When it said so, by its clock.',
    heard_at: HEARD_AT,
    interval_ms: 'After so many milliseconds it reports again.',
    leaving: 'It was stopped in order: this was its last.',
  },
});

export const targets = reportedOf(tables.targets, {
  about: 'What each dispatcher said last of its target.',
  columns: {
    application: APPLICATION,
    dispatcher: 'The dispatcher, as the registration names it.',
    kind: 'What kind of target it is.',
    target: 'Where, as the registration says.',
    state:
      '`applied`, `pending`, `drifted` (somebody else changed it), `refused` or `unreachable`.',
    desired_offset: 'The newest event that it should account for; -1: none.',
    delivered_offset: 'The event up to which it was written; -1: never.',
    applied_offset: 'The event up to which it was read back; -1: never.',
    checksum: 'SHA-256 of the text that was delivered last, hex; null: never.',
    problem: 'What hinders it; null: nothing.',
    since: 'Since when it is in this state.',
    reported_at: "When this was said, by the dispatcher's clock.",
    heard_at: HEARD_AT,
  },
});

export const deliveries = reportedOf(tables.deliveries, {
  about: "What the relay has written to each application's topic of rules.",
  columns: {
    application: APPLICATION,
    rules: 'How many rules the topic has.',
    delivered_offset: 'The newest event that changed them, as the topic says it.',
    accounted_to: 'The newest event that the relay has looked at.',
    reported_at: "When it said so, by the relay's clock.",
    heard_at: HEARD_AT,
  },
});
