import { timeFromJson } from '@prorata/schemas';
import type { Request, Router } from 'express';
import { causeOf } from '../rows/cause.ts';
import { indexedText } from '../rows/indexedText.ts';
import { auditCondition, mustReachInto } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import type { Condition } from './filters.ts';
import { namingProposals } from './namingProposals.ts';
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
const ACTOR = /^(user|service|robot):(.+)$/;

export function auditRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/audit', async (request, response) => {
    response.json(await listAudit(request, models));
  });
}

async function listAudit(request: Request, models: ReadModels): Promise<object> {
  const parameters = new Parameters(request, [
    'stream',
    'quotaId',
    'actor',
    'kind',
    'order',
    'after',
    'limit',
  ]);
  const limit = parameters.limit();
  const order = parameters.oneOf('order', ['asc', 'desc'], 'asc');
  const kind = parameters.oneOf('kind', ['event', 'refusal', 'all'], 'all');
  const stream = streamIn(request, parameters);
  const quotaId = parameters.text('quotaId');
  const actor = parameters.text('actor');
  const after = cursorIn(parameters);
  parameters.finish();
  const comparison = order === 'asc' ? '>' : '<';
  const narrow = (filters: Filters): Filters => {
    filters.equal('stream', stream).within(request.reach, auditCondition);
    filterActor(filters.equal('kind', kind === 'all' ? null : kind), actor);
    if (after !== null) {
      filters.add(`${PLACE} ${comparison} (?::timestamptz, ?, ?, ?)`, ...after);
      // Of months that are over with, the planner learns by the time alone.
      filters.add(`decided_at ${comparison}= ?::timestamptz`, after[0]);
    }
    return filters;
  };
  const lag = await models.lag.measure(projectedTopics);
  const { sql, values } = rowsOf(narrow, quotaId, await naming(models, quotaId), { order, limit });
  const { rows } = await models.pool.query<AuditRow>(sql, values);
  const { page, next } = pageOf(rows, limit, cursorOf);
  return { entries: page.map(entryJson), next, lag };
}

async function naming({ pool }: ReadModels, quotaId: string | null): Promise<Condition | null> {
  return quotaId === null ? null : namingProposals(pool, quotaId);
}

interface PageOf {
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/** A list for each condition, merged: one condition of both would walk the whole log in its order. */
function rowsOf(
  narrow: (filters: Filters) => Filters,
  quotaId: string | null,
  alsoAbout: Condition | null,
  { order, limit }: PageOf,
): { readonly sql: string; readonly values: unknown[] } {
  const sorting = COLUMNS.map((column) => `${column} ${order}`).join(', ');
  const select = (filters: Filters): string =>
    `SELECT * FROM audit_log ${filters.where} ORDER BY ${sorting} LIMIT ${filters.value(limit + 1)}`;
  const about = narrow(new Filters().equal('quota_id', quotaId));
  const sql = select(about);
  if (alsoAbout === null) return { sql, values: about.values };
  const also = narrow(new Filters(about.values).addCondition(alsoAbout));
  const both = `(${sql}) UNION ALL (${select(also)})`;
  return {
    sql: `SELECT * FROM (${both}) AS merged ORDER BY ${sorting} LIMIT ${also.value(limit + 1)}`,
    values: also.values,
  };
}

/** Who may see parts of applications alone may ask for no other stream. */
function streamIn(request: Request, parameters: Parameters): string | null {
  const stream = parameters.text('stream');
  if (stream === null) return null;
  mustReachInto(request.reach, stream.replace(/^application:/, ''));
  return indexedText(stream);
}

/** `user:alice`, or the subject alone. */
function filterActor(filters: Filters, actor: string | null): void {
  if (actor === null) return;
  const [, kind = null, subject = actor] = ACTOR.exec(actor) ?? [];
  filters.equal('actor_kind', kind).equal('actor_subject', indexedText(subject));
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
