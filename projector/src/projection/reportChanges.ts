import { timeToJson } from '@prorata/schemas';
import type { HostReport, RulesDelivered, TargetReport } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { jsonOf } from '../database/givenRows.ts';
import * as tables from '../database/tables.ts';
import type { Row, Table } from '../database/tables.ts';
import { upsertRows } from '../database/upsertRows.ts';
import {
  FORGOTTEN_MICROS,
  isFurther,
  isNewer,
  MISSED_REPORTS,
  TARGET_SILENT_MICROS,
} from '../enforcement/reportOrder.ts';
import type { DeliveryPlace, ReportPlace } from '../enforcement/reportOrder.ts';
import { intervalOf } from '../rows/reportRows.ts';

/** Rows of one application: whose credentials make up names crowds out its own hosts alone. */
const HOSTS_MAX = 10_000;
const TARGETS_MAX = 64;

interface Placed {
  readonly row: Row;
  readonly place: ReportPlace;
}

/** A table of the newest report of each, and how its rows are told apart within an application. */
interface Reported {
  readonly table: Table;
  readonly name: string;
  readonly rowsMax: number;
  /** SQL: the place of a row that is there, as `PlaceRow` has it. */
  readonly place: string;
  readonly reports: Placed[];
}

interface PlaceRow {
  readonly application: string;
  readonly name: string;
  readonly boot_id: string | null;
  readonly sequence: string;
  readonly reported_micros: string;
  readonly heard_micros: string;
  readonly silent_micros: string;
}

interface Delivered {
  readonly row: Row;
  readonly application: string;
  readonly place: DeliveryPlace;
}

interface DeliveryPlaceRow {
  readonly application: string;
  readonly accounted_to: string;
  readonly heard_micros: string;
}

const micros = (column: string): string => `(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** What a batch of reports does to the tables: how they were batched is not told by any row. */
export class ReportChanges {
  readonly #hosts: Reported = {
    table: tables.hosts,
    name: 'host_id',
    rowsMax: HOSTS_MAX,
    place: `boot_id, sequence, ${MISSED_REPORTS} * 1000 * interval_ms::bigint AS silent_micros`,
    reports: [],
  };
  readonly #targets: Reported = {
    table: tables.targets,
    name: 'dispatcher',
    rowsMax: TARGETS_MAX,
    place: `NULL AS boot_id, 0 AS sequence, ${TARGET_SILENT_MICROS} AS silent_micros`,
    reports: [],
  };
  readonly #deliveries: Delivered[] = [];

  addHost(row: Row, report: HostReport, heardAt: bigint): void {
    const { bootId, sequence, reportedAt } = report;
    const silentMicros = MISSED_REPORTS * 1_000n * BigInt(intervalOf(report));
    const place = { bootId, sequence, reportedAt, heardAt, silentMicros };
    this.#hosts.reports.push({ row, place });
  }

  addTarget(row: Row, { reportedAt }: TargetReport, heardAt: bigint): void {
    const silentMicros = TARGET_SILENT_MICROS;
    const place = { bootId: null, sequence: 0n, reportedAt, heardAt, silentMicros };
    this.#targets.reports.push({ row, place });
  }

  addDelivery(row: Row, { application, accountedTo }: RulesDelivered, heardAt: bigint): void {
    this.#deliveries.push({ row, application, place: { accountedTo, heardAt } });
  }

  async write(client: ClientBase): Promise<void> {
    await writeReported(client, this.#hosts);
    await writeReported(client, this.#targets);
    await writeDelivered(client, this.#deliveries);
  }
}

async function writeDelivered(client: ClientBase, reports: readonly Delivered[]): Promise<void> {
  if (reports.length === 0) return;
  const { rows } = await client.query<DeliveryPlaceRow>(
    `SELECT application, accounted_to, ${micros('heard_at')} AS heard_micros FROM deliveries ` +
      'WHERE application = ANY($1::text[])',
    [[...new Set(reports.map(({ application }) => application))]],
  );
  const places = new Map(
    rows.map((row) => [
      row.application,
      { accountedTo: BigInt(row.accounted_to), heardAt: BigInt(row.heard_micros) },
    ]),
  );
  const newest = new Map<string, Row>();
  for (const { row, application, place } of reports) {
    if (!isFurther(place, places.get(application))) continue;
    places.set(application, place);
    newest.set(application, row);
  }
  await upsertRows(client, tables.deliveries, newest.values());
}

async function writeReported(client: ClientBase, reported: Reported): Promise<void> {
  const { table, reports } = reported;
  if (reports.length === 0) return;
  const known = await placesOf(client, reported);
  const isCrowded = new Set<string>();
  const newest = new Map<string, Placed>();
  for (const each of reports) {
    const key = keyOf(reported, each.row);
    const there = newest.get(key)?.place ?? known.get(key);
    if (there === undefined) isCrowded.add(String(each.row['application']));
    if (isNewer(each.place, there)) newest.set(key, each);
  }
  await upsertRows(
    client,
    table,
    [...newest.values()].map(({ row }) => row),
  );
  await forget(client, reported);
  if (isCrowded.size > 0) await crowdOut(client, reported, [...isCrowded]);
}

const keyOf = ({ name }: Reported, row: Row): string =>
  `${String(row['application'])} ${String(row[name])}`;

async function placesOf(
  client: ClientBase,
  { table, name, place, reports }: Reported,
): Promise<ReadonlyMap<string, ReportPlace>> {
  const { rows } = await client.query<PlaceRow>(
    `SELECT application, ${name} AS name, ${place}, ${micros('reported_at')} AS reported_micros, ` +
      `${micros('heard_at')} AS heard_micros FROM ${table.name} WHERE (application, ${name}) IN ` +
      `(SELECT application, ${name} FROM jsonb_to_recordset($1::jsonb) AS r (application text, ${name} text))`,
    [jsonOf(reports.map(({ row }) => ({ application: row['application'], [name]: row[name] })))],
  );
  return new Map(
    rows.map((row) => [
      `${row.application} ${row.name}`,
      {
        bootId: row.boot_id,
        sequence: BigInt(row.sequence),
        reportedAt: BigInt(row.reported_micros),
        heardAt: BigInt(row.heard_micros),
        silentMicros: BigInt(row.silent_micros),
      },
    ]),
  );
}

/** Of each application, what was heard of long before its newest report: by the log alone, and so in every rebuild. */
async function forget(client: ClientBase, { table, reports }: Reported): Promise<void> {
  const newest = new Map<string, bigint>();
  for (const { row, place } of reports) {
    const application = String(row['application']);
    const known = newest.get(application);
    if (known === undefined || place.heardAt > known) newest.set(application, place.heardAt);
  }
  const before = [...newest].map(([application, heardAt]) => ({
    application,
    heard_before: timeToJson(heardAt - FORGOTTEN_MICROS),
  }));
  await client.query(
    `DELETE FROM ${table.name} AS t ` +
      'USING jsonb_to_recordset($1::jsonb) AS r (application text, heard_before timestamptz) ' +
      'WHERE t.application = r.application AND t.heard_at < r.heard_before',
    [jsonOf(before)],
  );
}

/** Those heard of last stay. */
async function crowdOut(
  client: ClientBase,
  { table, name, rowsMax }: Reported,
  applications: readonly string[],
): Promise<void> {
  await client.query(
    `DELETE FROM ${table.name} AS t USING (SELECT application, ${name}, row_number() OVER ` +
      `(PARTITION BY application ORDER BY heard_at DESC, ${name} DESC) AS place ` +
      `FROM ${table.name} WHERE application = ANY($1::text[])) AS r ` +
      `WHERE r.place > ${rowsMax} AND t.application = r.application AND t.${name} = r.${name}`,
    [applications],
  );
}
