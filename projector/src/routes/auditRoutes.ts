import { timeFromJson } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { auditLog } from '../database/tables.ts';
import { causeOf } from '../rows/cause.ts';
import { auditListsOf, auditQuestionIn, auditQuestions, narrowAudit } from './auditQuestion.ts';
import { Filters, pageOf } from './filters.ts';
import type { Condition } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface AuditRow {
  readonly topic: string;
  readonly partition: number;
  readonly log_offset: string;
  readonly kind: string;
  readonly stream: string;
  readonly stream_version: string;
  readonly event_id: string | null;
  readonly type: string;
  readonly quota_id: string | null;
  readonly quota_version: string | null;
  readonly command_id: string | null;
  readonly command_offset: string | null;
  readonly timer: string | null;
  readonly actor_kind: string | null;
  readonly actor_issuer: string | null;
  readonly actor_subject: string | null;
  readonly reason: string;
  readonly code: string | null;
  readonly decided_at: string;
  readonly hash: string | null;
  readonly previous_hash: string | null;
  readonly body: unknown;
}

/** Kafka's and the column's type is int32. */
const PARTITION_MAX = 2 ** 31 - 1;
const COLUMNS = ['decided_at', 'topic', 'partition', 'log_offset'] as const;
const PLACE = `(${COLUMNS.join(', ')})`;
const SELECTED = Object.keys(auditLog.columns)
  .map((name) => `"${name}"`)
  .join(', ');
/** PostgreSQL's code: a copy from before there were words. */
const UNDEFINED_COLUMN = '42703';

export function auditRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/audit', async (request, response) => {
    response.json(await listAudit(request, models));
  });
}

async function listAudit(request: Request, models: ReadModels): Promise<object> {
  const parameters = new Parameters(request, [...auditQuestions, 'order', 'after', 'limit']);
  const limit = parameters.limit();
  const order = parameters.oneOf('order', ['asc', 'desc'], 'asc');
  const question = auditQuestionIn(request, parameters);
  const after = cursorIn(parameters);
  parameters.finish();
  const comparison = order === 'asc' ? '>' : '<';
  const narrow = (filters: Filters): Filters => {
    narrowAudit(filters, question, request.reach);
    if (after !== null) {
      filters.add(`${PLACE} ${comparison} (?::timestamptz, ?, ?, ?)`, ...after);
      // Of months that are over with, the planner learns by the time alone.
      filters.add(`decided_at ${comparison}= ?::timestamptz`, after[0]);
    }
    return filters;
  };
  const lag = await models.lag.measure(projectedTopics);
  const lists = await auditListsOf(models.searches, question);
  const { sql, values } = rowsOf(narrow, lists, { order, limit });
  const rows = await readRows(models, sql, values);
  const { page, next } = pageOf(rows, limit, cursorOf);
  return { entries: page.map(entryJson), next, lag };
}

/** @throws Problem 422 when it takes too long, 503 while there are no words yet, or too many search */
async function readRows(
  { searches }: ReadModels,
  sql: string,
  values: unknown[],
): Promise<readonly AuditRow[]> {
  try {
    return (await searches.query<AuditRow>(sql, values)).rows;
  } catch (error) {
    if ((error as { readonly code?: string }).code !== UNDEFINED_COLUMN) throw error;
    throw new Problem(503, 'READ_MODELS_REBUILDING', 'The words of reasons are not indexed yet.', {
      headers: { 'retry-after': '10' },
    });
  }
}

interface PageOf {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** A list for each condition, merged: one condition of all would walk the whole log in its order. */
function rowsOf(
  narrow: (filters: Filters) => Filters,
  lists: readonly Condition[],
  { order, limit }: PageOf,
): { readonly sql: string; readonly values: unknown[] } {
  const sorting = COLUMNS.map((column) => `${column} ${order}`).join(', ');
  const select = (filters: Filters): string =>
    `SELECT ${SELECTED} FROM audit_log ${filters.where} ORDER BY ${sorting} LIMIT ${filters.value(limit + 1)}`;
  if (lists.length === 0) {
    const filters = narrow(new Filters());
    return { sql: select(filters), values: filters.values };
  }
  let filters = new Filters();
  const selects = lists.map((list) => {
    filters = narrow(new Filters(filters.values).addCondition(list));
    return `(${select(filters)})`;
  });
  return {
    sql: `SELECT * FROM (${selects.join(' UNION ALL ')}) AS merged ORDER BY ${sorting} LIMIT ${filters.value(limit + 1)}`,
    values: filters.values,
  };
}

function cursorOf({ decided_at, topic, partition, log_offset }: AuditRow): string {
  return Buffer.from(JSON.stringify([decided_at, topic, partition, log_offset])).toString(
    'base64url',
  );
}

function cursorIn(
  parameters: Parameters,
): readonly [time: string, topic: string, partition: number, offset: string] | null {
  const text = parameters.text('after');
  if (text === null) return null;
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
    if (Array.isArray(cursor)) {
      const [time, topic, partition, offset] = cursor as readonly unknown[];
      const isPlace =
        timeFromJson(time) !== null &&
        typeof topic === 'string' &&
        Number.isInteger(partition) &&
        (partition as number) >= 0 &&
        (partition as number) <= PARTITION_MAX &&
        typeof offset === 'string' &&
        /^\d{1,18}$/.test(offset);
      if (isPlace) return [time as string, topic, partition as number, offset];
    }
  } catch {
    // No JSON: reported like any other text that was not made here.
  }
  parameters.report('after', 'must be the `next` of an answer');
  return null;
}

function entryJson(row: AuditRow): object {
  const { actor_kind, actor_issuer, actor_subject } = row;
  return {
    kind: row.kind,
    topic: row.topic,
    partition: row.partition,
    offset: BigInt(row.log_offset),
    stream: row.stream,
    streamVersion: BigInt(row.stream_version),
    eventId: row.event_id,
    type: row.type,
    quotaId: row.quota_id,
    quotaVersion: row.quota_version === null ? null : BigInt(row.quota_version),
    commandId: row.command_id,
    commandOffset: row.command_offset === null ? null : BigInt(row.command_offset),
    cause: causeOf(row.timer),
    timer: row.timer,
    actor:
      actor_kind === null
        ? null
        : { kind: actor_kind, issuer: actor_issuer, subject: actor_subject },
    reason: row.reason,
    code: row.code,
    decidedAt: row.decided_at,
    hash: row.hash,
    previousHash: row.previous_hash,
    body: row.body,
  };
}
