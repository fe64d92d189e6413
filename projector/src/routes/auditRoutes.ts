import { timeFromJson } from '@prorata/schemas';
import type { Request, Router } from 'express';
import { indexedText } from '../rows/indexedText.ts';
import { auditCondition, mustReachInto } from './access.ts';
import { Filters, pageOf } from './filters.ts';
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
const PLACE = '(decided_at, topic, partition, log_offset)';
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
  const filters = new Filters()
    .equal('stream', streamIn(request, parameters))
    .within(request.reach, auditCondition)
    .equal('quota_id', parameters.text('quotaId'))
    .equal('kind', kind === 'all' ? null : kind);
  filterActor(filters, parameters.text('actor'));
  const after = cursorIn(parameters);
  const comparison = order === 'asc' ? '>' : '<';
  if (after !== null) filters.add(`${PLACE} ${comparison} (?::timestamptz, ?, ?, ?)`, ...after);
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const columns = ['decided_at', 'topic', 'partition', 'log_offset'];
  const sorting = columns.map((column) => `${column} ${order}`).join(', ');
  const { rows } = await models.pool.query<AuditRow>(
    `SELECT * FROM audit_log ${filters.where} ORDER BY ${sorting} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, cursorOf);
  return { entries: page.map(entryJson), next, lag };
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
