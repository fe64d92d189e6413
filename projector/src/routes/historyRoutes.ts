import { applicationOf, isQuotaId, streamOf } from '@prorata/quota-model';
import { timeFromJson } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Reach } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { causeOf } from '../rows/cause.ts';
import { auditCondition, mustReach } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import type { Condition } from './filters.ts';
import { namingProposals } from './namingProposals.ts';
import { Parameters } from './parameters.ts';
import { lagMember, projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface EventRow {
  readonly log_offset: string;
  readonly stream_version: string;
  readonly event_id: string;
  readonly type: string;
  readonly quota_id: string | null;
  readonly quota_version: string | null;
  readonly command_id: string | null;
  readonly timer: string | null;
  readonly actor_kind: string;
  readonly actor_issuer: string;
  readonly actor_subject: string;
  readonly reason: string;
  readonly decided_at: string;
}

const COLUMNS =
  'log_offset, stream_version, event_id, type, quota_id, quota_version, command_id, timer, ' +
  'actor_kind, actor_issuer, actor_subject, reason, decided_at';

/** Where a page goes on, in one stream: a time alone may be that of several events. */
type Place = readonly [decidedAt: string, offset: string];

interface PageOf {
  /** Proposals of steps that lie beyond it too are told as the audit log tells them: not at all. */
  readonly reach: Reach;
  readonly order: 'asc' | 'desc';
  readonly after: Place | null;
  readonly limit: number;
}

/**
 * `GET /v1/quotas/{quotaId}/history`: what happened to a quota, layers and proposals included, to who may read it. Who
 * was refused is the auditor's to know.
 */
export function historyRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/quotas/:quotaId/history', async (request, response) => {
    response.json(await listHistory(request, models));
  });
}

async function listHistory(request: Request, models: ReadModels): Promise<object> {
  const quotaId = String(request.params['quotaId']).replaceAll('\0', '');
  mustReach(request.reach, quotaId);
  const parameters = new Parameters(request, ['order', 'after', 'limit']);
  const limit = parameters.limit();
  const order = parameters.oneOf('order', ['asc', 'desc'], 'desc');
  const text = parameters.cursor((given) => placeIn(given) !== null);
  const after = text === null ? null : placeIn(text);
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const page = { reach: request.reach, order, after, limit };
  const rows = isQuotaId(quotaId) ? await eventsOf(models, quotaId, page) : [];
  if (rows.length === 0 && after === null) {
    const detail = `Nothing is known of a quota ${quotaId}.`;
    throw new Problem(404, 'QUOTA_UNKNOWN', detail, { extensions: lagMember(lag) });
  }
  const { page: events, next } = pageOf(rows, limit, cursorOf);
  return { quotaId, events: events.map(eventJson), next, lag };
}

/** A list for each condition, merged: one condition of both would walk the whole log in its order. */
async function eventsOf(
  { pool }: ReadModels,
  quotaId: string,
  { reach, order, after, limit }: PageOf,
): Promise<readonly EventRow[]> {
  const own: Condition = { sql: `quota_id = ? AND kind = 'event'`, values: [quotaId] };
  const naming = await namingProposals(pool, quotaId);
  const stream = streamOf('application', applicationOf(quotaId));
  const sorting = `decided_at ${order}, log_offset ${order}`;
  let values: readonly unknown[] = [];
  const lists = [own, ...(naming === null ? [] : [naming])].map((condition) => {
    const filters = new Filters(values)
      .equal('stream', stream)
      .within(reach, auditCondition)
      .addCondition(condition);
    const comparison = order === 'asc' ? '>' : '<';
    if (after !== null) {
      filters.add(`(decided_at, log_offset) ${comparison} (?::timestamptz, ?)`, ...after);
      filters.add(`decided_at ${comparison}= ?::timestamptz`, after[0]);
    }
    const page = filters.value(limit + 1);
    values = filters.values;
    return `(SELECT ${COLUMNS} FROM audit_log ${filters.where} ORDER BY ${sorting} LIMIT ${page})`;
  });
  const { rows } = await pool.query<EventRow>(
    `SELECT * FROM (${lists.join(' UNION ALL ')}) AS merged ORDER BY ${sorting} LIMIT ${limit + 1}`,
    [...values],
  );
  return rows;
}

function eventJson(row: EventRow): object {
  const { actor_kind: kind, actor_issuer: issuer, actor_subject: subject } = row;
  return {
    quotaId: row.quota_id,
    quotaVersion: row.quota_version === null ? null : BigInt(row.quota_version),
    streamVersion: BigInt(row.stream_version),
    type: row.type,
    eventId: row.event_id,
    actor: { kind, issuer, subject },
    cause: causeOf(row.timer),
    timer: row.timer,
    reason: row.reason,
    commandId: row.command_id,
    decidedAt: row.decided_at,
  };
}

const cursorOf = ({ decided_at: decidedAt, log_offset: offset }: EventRow): string =>
  Buffer.from(JSON.stringify([decidedAt, offset])).toString('base64url');

function placeIn(text: string): Place | null {
  try {
    const place = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
    if (!Array.isArray(place) || place.length !== 2) return null;
    const [time, offset] = place as readonly unknown[];
    if (timeFromJson(time) === null || typeof offset !== 'string') return null;
    return /^\d{1,18}$/.test(offset) ? [time as string, offset] : null;
  } catch {
    return null;
  }
}
