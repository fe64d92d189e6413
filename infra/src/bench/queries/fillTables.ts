import pg from 'pg';
import type { Progress } from '../../provision/progress.ts';
import { RowCopies } from './rowCopies.ts';
import { TEMPLATE } from './templateQuotas.ts';

/** Every application's tree: quotas below each of the level above. */
export const SHAPE = { tops: 20, middles: 25, leaves: 19 };
export const QUOTAS_OF_ONE = SHAPE.tops * (1 + SHAPE.middles * (1 + SHAPE.leaves));
/** So many own them, in equal parts; as many projects pay. */
export const OWNERS = 2_000;
export const CELLS = 5_000;
export const PEOPLE = 1_000;
/** Rows of the audit log whose reason names the same incident. */
export const INCIDENT_ROWS = 37;
/** One quota in so many is under an override, and one in as many under a cut. */
const MARKED = 100;
/** Rows of one statement of the audit log: an interrupted bench ends within seconds. */
const AUDIT_CHUNK = 250_000;
/** What the audit log's rows of the bench have added to their places: the template's have the first. */
const AUDIT_FIRST = 1_000_000;

/** When the audit log begins, and what passes between two of its rows: five million are a year. */
const AUDIT_START = '2026-01-01T00:00:00.000Z';
const AUDIT_SECONDS_BETWEEN = 6;

export interface FillOptions {
  readonly databaseUrl: string;
  readonly applications: number;
  readonly auditRows: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

const tables = [
  'applications',
  'registration_history',
  'quotas_1.stream_heads',
  'audit_1.stream_heads',
  'commitments',
  'quotas',
  'quota_history',
  'audit_log',
];

/**
 * Fills the tables of the live copies as they are after a long life: the rows that the projector wrote of three
 * quotas, again and again under other ids, in its tables and under their indexes.
 */
export async function fillTables(options: FillOptions): Promise<void> {
  const { databaseUrl, applications, auditRows, signal, progress } = options;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('SET search_path = quotas_1, audit_1');
    await client.query('SET synchronous_commit = off');
    const copies = await RowCopies.of(client, tables);
    for (let number = 1; number <= applications; number += 1) {
      signal.throwIfAborted();
      for (const statement of ofApplication(copies, number)) await client.query(statement);
      if (number % 10 === 0) progress(`${number * QUOTAS_OF_ONE} quotas …`);
    }
    for (const statement of auditMonths(auditRows)) await client.query(statement);
    for (let first = 0; first < auditRows; first += AUDIT_CHUNK) {
      signal.throwIfAborted();
      const end = Math.min(auditRows, first + AUDIT_CHUNK);
      await client.query(ofAudit(copies, first, end, applications));
      progress(`${end} rows of the audit log …`);
    }
    progress('gathering what the planner must know …');
    for (const table of tables) await client.query(`VACUUM (ANALYZE) ${table}`);
  } finally {
    await client.end();
  }
}

/** From 1: 0 is the template's. */
export const applicationName = (number: number): string => `bench-${number}`;
const two = (text: string): string => `lpad((${text})::text, 2, '0')`;
export const topName = (n: number): string => `t${String(n).padStart(2, '0')}`;
export const middleName = (n: number): string => `m${String(n).padStart(2, '0')}`;
export const leafName = (n: number): string => `l${String(n).padStart(2, '0')}`;

function ofApplication(copies: RowCopies, number: number): readonly string[] {
  const application = applicationName(number);
  const { application: template } = TEMPLATE;
  const stream = { stream: `'application:${application}'` };
  const ofStream = `t.stream = 'application:${template}'`;
  const own = { application: `'${application}'` };
  const ofTemplate = `t.application = '${template}'`;
  return [
    copies.statement({ table: 'applications', values: own, where: ofTemplate }),
    copies.statement({ table: 'registration_history', values: own, where: ofTemplate }),
    copies.statement({ table: 'quotas_1.stream_heads', values: stream, where: ofStream }),
    copies.statement({ table: 'audit_1.stream_heads', values: stream, where: ofStream }),
    copies.statement({
      table: 'commitments',
      values: { ...own, node: `'${application}'` },
      where: `t.node = '${template}'`,
    }),
    ...levelsOf(application).flatMap((level) => ofLevel(copies, application, number, level)),
  ];
}

interface Level {
  /** The quota that is copied. */
  readonly template: string;
  /** SQL of the id, over the series' i, j and k. */
  readonly id: string;
  readonly series: string;
  readonly isLeaf: boolean;
}

function levelsOf(application: string): readonly Level[] {
  const { application: from, top, middle, leaf } = TEMPLATE;
  const [i, j, k] = [
    `generate_series(1, ${SHAPE.tops}) AS i`,
    `generate_series(1, ${SHAPE.middles}) AS j`,
    `generate_series(1, ${SHAPE.leaves}) AS k`,
  ];
  const none = (name: string): string => `generate_series(0, 0) AS ${name}`;
  const tops = `'${application}/t' || ${two('i')}`;
  const middles = `${tops} || '/m' || ${two('j')}`;
  const leaves = `${middles} || '/l' || ${two('k')}`;
  const path = `${from}/${top}`;
  return [
    { template: path, id: tops, series: `${i}, ${none('j')}, ${none('k')}`, isLeaf: false },
    {
      template: `${path}/${middle}`,
      id: middles,
      series: `${i}, ${j}, ${none('k')}`,
      isLeaf: false,
    },
    {
      template: `${path}/${middle}/${leaf}`,
      id: leaves,
      series: `${i}, ${j}, ${k}`,
      isLeaf: true,
    },
  ];
}

function ofLevel(
  copies: RowCopies,
  application: string,
  number: number,
  { template, id, series, isLeaf }: Level,
): readonly string[] {
  const made = `SELECT ${id} AS id, ${number} * 10007 + i * 500 + j * 19 + k AS n FROM ${series}`;
  const isMarked = `made.n % ${MARKED} = 7`;
  const where = `t.quota_id = '${template}'`;
  const quotas = copies.statement({
    table: 'quotas',
    values: {
      quota_id: 'made.id',
      application: `'${application}'`,
      parent: `regexp_replace(made.id, '/[^/]+$', '')`,
      owner: `'team-' || (made.n % ${OWNERS})`,
      project: `'acme/p' || (made.n % ${OWNERS})`,
      labels: `jsonb_build_object('env', 'prod', 'cell', 'c' || (made.n % ${CELLS}))`,
      stream: `'application:${application}'`,
      effective: `replace(t.effective::text, '${TEMPLATE.application}/', '${application}/')::jsonb`,
      name: `regexp_replace(made.id, '^.*/', '')`,
      override_until: `CASE WHEN ${isMarked} THEN now() + made.n % 50000 * interval '1 minute' END`,
      is_cut: `made.n % ${MARKED} = 11`,
    },
    where,
    made,
  });
  // A span that is over and the one that lasts, as after one change of each.
  const past = { quota_id: 'made.id', since: '1', until: '2', below_since: '1' };
  const former = {
    ...past,
    since_time: `t.since_time - interval '1 day'`,
    below_since_time: `t.since_time - interval '1 day'`,
    until_time: 't.since_time',
  };
  const lasting = { quota_id: 'made.id', since: '2', below_since: '2' };
  const ofSpan = `${where} AND t.until IS NULL`;
  const node = {
    application: `'${application}'`,
    node: 'made.id',
    is_oversubscribed: isMarked,
  };
  return [
    quotas,
    copies.statement({ table: 'quota_history', values: former, where: ofSpan, made }),
    copies.statement({ table: 'quota_history', values: lasting, where: ofSpan, made }),
    ...(isLeaf
      ? []
      : [
          copies.statement({
            table: 'commitments',
            values: node,
            where: `t.node = '${template}'`,
            made,
          }),
        ]),
  ];
}

/** The partitions that the projection would have made for the events of the audit log. */
function auditMonths(auditRows: number): readonly string[] {
  const end = Date.parse(AUDIT_START) + auditRows * AUDIT_SECONDS_BETWEEN * 1_000;
  const statements: string[] = [];
  const month = new Date(AUDIT_START);
  while (month.getTime() <= end) {
    const from = month.toISOString();
    const name = `audit_1.audit_log_${from.slice(0, 'YYYY-MM'.length).replace('-', '_')}`;
    month.setUTCMonth(month.getUTCMonth() + 1);
    statements.push(
      `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF audit_1.audit_log ` +
        `FOR VALUES FROM ('${from}') TO ('${month.toISOString()}')`,
    );
  }
  return statements;
}

/** Events of a year, spread over all applications, the quotas of their second level and the people. */
function ofAudit(copies: RowCopies, first: number, end: number, applications: number): string {
  const application = `'bench-' || (1 + made.n % ${applications})`;
  const top = two(`1 + made.n / 7 % ${SHAPE.tops}`);
  const middle = two(`1 + made.n / 11 % ${SHAPE.middles}`);
  return copies.statement({
    table: 'audit_log',
    values: {
      partition: 'made.n % 4',
      log_offset: `${AUDIT_FIRST} + made.n`,
      stream: `'application:' || ${application}`,
      stream_version: '10 + made.n',
      quota_id: `${application} || '/t' || ${top} || '/m' || ${middle}`,
      event_id: `'bench-' || made.n`,
      actor_subject: `'person-' || (made.n % ${PEOPLE})`,
      command_id: 'md5(made.n::text)::uuid::text',
      type: `CASE WHEN made.n % 1000 = 0 THEN 'QuotaDeleted' ELSE t.type END`,
      kind: `CASE WHEN made.n % 20 = 1 THEN 'refusal' ELSE t.kind END`,
      code: `CASE WHEN made.n % 20 = 1 THEN 'QUOTA_UNKNOWN' END`,
      // Words that are in half of the reasons, in a hundredth, and in some forty.
      reason:
        `CASE WHEN made.n % 2 = 0 THEN 'apply of a file' ELSE 'raised by hand' END || ` +
        `CASE WHEN made.n % 100 = 7 THEN ' for the quarter' ELSE '' END || ' INC-' || made.n / ${INCIDENT_ROWS}`,
      decided_at: `timestamptz '${AUDIT_START}' + made.n * interval '${AUDIT_SECONDS_BETWEEN} seconds'`,
    },
    where: `t.type = 'QuotaCreated' AND t.log_offset < ${AUDIT_FIRST} AND t.quota_version = 1 AND t.quota_id = '${TEMPLATE.application}/${TEMPLATE.top}'`,
    made: `SELECT n FROM generate_series(${first}, ${end - 1}) AS n`,
  });
}
