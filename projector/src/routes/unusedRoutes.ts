import { isQuotaId } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { Request, Router } from 'express';
import type { Pool } from 'pg';
import { spanOf } from '../history/spans.ts';
import { mustReachInto, treeCondition } from './access.ts';
import { Filters } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';
import { usageSource } from './usageSource.ts';
import type { UsageSource } from './usageSource.ts';
import { withinIn } from './within.ts';

const DAY_MICROS = 86_400_000_000n;
const DAYS_PRESET = 30;
const DAYS_MAX = 365;
/** Declared limits of one answer, unused or not, at some 15 µs each: where most are used a page is short. */
export const LOOKED_MAX = 2_000;

interface UnusedRow {
  readonly quota_id: string;
  readonly resource: string;
  readonly application: string;
  readonly committed: string;
  readonly guaranteed: string;
  readonly owner: string;
  readonly project: string | null;
  /** Whether anything was ever reported of it, and of its application since before the days asked for. */
  readonly is_known: boolean;
  readonly last_used_at: string | null;
  readonly reported_from: string | null;
  readonly reported_to: string | null;
  readonly used_1d: string | null;
  readonly used_7d: string | null;
  readonly used_30d: string | null;
  readonly refused_30d: string | null;
  readonly peak_30d: string | null;
}

/** Where a page goes on. */
interface Place {
  readonly application: string;
  readonly resource: string;
  /** A decimal, or Infinity. */
  readonly committed: string;
  readonly quota_id: string;
}

interface Question {
  readonly days: number;
  /** Of what is looked at. */
  readonly part: Filters;
  readonly after: Place | null;
  readonly owner: string | null;
  readonly project: string | null;
  readonly state: 'unused' | 'noData' | 'all';
  readonly limit: number;
}

/** `GET /v1/unused`: what is declared and was not used, the largest of each resource first. */
export function unusedRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/unused', async (request, response) => {
    response.json(await listUnused(request, models));
  });
}

async function listUnused(request: Request, models: ReadModels): Promise<object> {
  const question = questionIn(request);
  const lag = await models.lag.measure(projectedTopics);
  const source = await usageSource(models.searches);
  const now = BigInt(Date.now()) * 1_000n;
  const until = source?.knownUntil ?? now;
  const since = until - BigInt(question.days) * DAY_MICROS;
  const { rows, next } = await pageOf(models.searches, question, source, since);
  return {
    unusedSince: timeToJson(since),
    data:
      source === null
        ? null
        : {
            takenAt: source.takenAt,
            caughtUpAt: source.caughtUpAt,
            knownUntil: timeToJson(source.knownUntil),
            manifestVersion: BigInt(source.manifestVersion),
          },
    quotas: rows.map(unusedJson),
    next,
    lag,
  };
}

function questionIn(request: Request): Question {
  const names = ['application', 'within', 'resource', 'owner', 'project', 'state'];
  const parameters = new Parameters(request, [...names, 'unusedForDays', 'after', 'limit']);
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const within = withinIn(request, parameters);
  const part = new Filters()
    .equal('application', application)
    .within(request.reach, treeCondition)
    .equal('resource', parameters.text('resource'));
  if (within !== null) part.addCondition(treeCondition(within));
  const question = {
    days: daysIn(parameters),
    part,
    after: placeIn(parameters),
    owner: parameters.text('owner'),
    project: parameters.text('project'),
    state: parameters.oneOf('state', ['unused', 'noData', 'all'] as const, 'all'),
    limit: parameters.limit(),
  };
  parameters.finish();
  return question;
}

/** Goes by what is declared, from the place on, and stops at the first of a page of rows and a page of looks. */
async function pageOf(
  pool: Pick<Pool, 'query'>,
  { part, after, owner, project, state, limit }: Question,
  source: UsageSource | null,
  since: bigint,
): Promise<{ readonly rows: readonly UnusedRow[]; readonly next: string | null }> {
  const { sql: looked, values: asked } = lookedSql(part, after);
  const values = new Filters(asked);
  const time = values.value(timeToJson(since));
  const span = spanOf('d.quota_id', { kind: 'time', micros: since }, values);
  const known = source === null ? NO_USAGE : 'rightsizer.quota_usage';
  const reported = source === null ? NO_REPORTS : 'rightsizer.application_usage';
  values
    .equal('q.owner', owner)
    .equal('q.project', project)
    .add(`(u.last_used_at IS NULL OR u.last_used_at <= ${time}::timestamptz)`)
    // Whatever came within these days says nothing yet.
    .add(
      `(EXISTS (SELECT FROM (${span}) AS held WHERE ${DECLARED_THEN}) OR ${declaredElsewhere(time)})`,
    );
  // Usage is kept by path: of a quota that moved within these days nothing is known yet.
  const isKnown =
    `coalesce(u.quota_id IS NOT NULL AND a.first_reported_at <= ${time}::timestamptz ` +
    `AND EXISTS (SELECT FROM (${span}) AS held), false)`;
  if (state !== 'all') values.add(state === 'unused' ? isKnown : `NOT ${isKnown}`);
  const { rows } = await pool.query<UnusedRow & { readonly is_last: boolean }>(
    `WITH looked AS MATERIALIZED (${looked}), ` +
      `found AS (SELECT d.*, ${USED}, q.owner, q.project, ${isKnown} AS is_known FROM looked AS d ` +
      'JOIN quotas AS q ON q.quota_id = d.quota_id ' +
      `LEFT JOIN ${known} AS u ON u.quota_id = d.quota_id AND u.resource = d.resource ` +
      `LEFT JOIN ${reported} AS a ON a.application = d.application ` +
      `${values.where} ORDER BY d.number LIMIT ${values.value(limit + 1)}) ` +
      'SELECT found.*, false AS is_last FROM found UNION ALL ' +
      `SELECT d.*, ${NOTHING}, true FROM looked AS d WHERE d.number = ${LOOKED_MAX}`,
    values.values,
  );
  const found = rows.filter(({ is_last: isLast }) => !isLast);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : rows.find(({ is_last: isLast }) => isLast);
  return { rows: page, next: last === undefined ? null : cursorOf(last) };
}

const COLUMNS = 'quota_id, resource, application, committed, guaranteed';
const ORDER = 'application, resource, committed DESC, quota_id DESC';

/** What is left of the resource where the last page ended, then of those after it: each a walk along the index. */
function lookedSql(
  part: Filters,
  after: Place | null,
): { readonly sql: string; readonly values: readonly unknown[] } {
  const walk = (filters: Filters): string =>
    `SELECT ${COLUMNS} FROM declared_limits ${filters.where} ORDER BY ${ORDER} LIMIT ${LOOKED_MAX}`;
  if (after === null) return { sql: numbered(walk(part)), values: part.values };
  const rest = part
    .copy()
    .add('application = ? AND resource = ?', after.application, after.resource)
    .add('(committed, quota_id) < (?::numeric, ?)', after.committed, after.quota_id);
  const others = part
    .copy(rest)
    .add('(application, resource) > (?, ?)', after.application, after.resource);
  return {
    sql: numbered(`(${walk(rest)}) UNION ALL (${walk(others)})`),
    values: others.values,
  };
}

const numbered = (walk: string): string =>
  `SELECT *, row_number() OVER (ORDER BY ${ORDER}) AS number FROM (SELECT * FROM (${walk}) AS walk ` +
  `ORDER BY ${ORDER} LIMIT ${LOOKED_MAX}) AS walked`;

const LIMITED = `jsonb_build_array(jsonb_build_object('resource', d.resource))`;

/** Whether the quota declared the resource as it was then, or the evidence did. */
const DECLARED_THEN =
  `(held.record -> 'content' -> 'limits' @> ${LIMITED} OR ` +
  `held.record -> 'rightsized' -> '$m' @> jsonb_build_array(jsonb_build_array(d.resource)))`;

/** Whether it did under another id: a quota takes its versions along when it moves. */
const declaredElsewhere = (time: string): string =>
  `EXISTS (SELECT FROM (SELECT v.content FROM quota_versions AS v WHERE v.quota_id = d.quota_id ` +
  `AND v.ended IS NULL AND v.decided_at <= ${time}::timestamptz ORDER BY v.version DESC LIMIT 1) AS former ` +
  `WHERE former.content -> 'limits' @> ${LIMITED})`;

const USED =
  'u.last_used_at, a.first_reported_at AS reported_from, a.last_reported_at AS reported_to, ' +
  'u.used_1d, u.used_7d, u.used_30d, u.refused_30d, u.peak_30d';

const TIMES = 'NULL::timestamptz';
const AMOUNT = 'NULL::numeric';
const NOTHING = `${TIMES}, ${TIMES}, ${TIMES}, ${AMOUNT}, ${AMOUNT}, ${AMOUNT}, ${AMOUNT}, NULL::bigint, NULL, NULL, NULL::boolean`;
/** Stand in where nobody has summed usage up. */
const NO_USAGE =
  `(SELECT NULL::text AS quota_id, NULL::text AS resource, ${TIMES} AS last_used_at, ${AMOUNT} AS used_1d, ` +
  `${AMOUNT} AS used_7d, ${AMOUNT} AS used_30d, ${AMOUNT} AS refused_30d, NULL::bigint AS peak_30d WHERE false)`;
const NO_REPORTS =
  `(SELECT NULL::text AS application, ${TIMES} AS first_reported_at, ` +
  `${TIMES} AS last_reported_at WHERE false)`;

function unusedJson(row: UnusedRow): object {
  return {
    quotaId: row.quota_id,
    application: row.application,
    resource: row.resource,
    owner: row.owner,
    project: row.project,
    committed: row.committed === 'Infinity' ? null : row.committed,
    guaranteed: row.guaranteed,
    state: row.is_known ? 'unused' : 'noData',
    lastUsedAt: row.last_used_at,
    used: { '1d': row.used_1d, '7d': row.used_7d, '30d': row.used_30d },
    refused30d: row.refused_30d,
    peak30d: row.peak_30d,
    reportedFrom: row.reported_from,
    reportedTo: row.reported_to,
  };
}

function daysIn(parameters: Parameters): number {
  const text = parameters.text('unusedForDays');
  if (text === null) return DAYS_PRESET;
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return days;
  parameters.report('unusedForDays', `must be 1 to ${DAYS_MAX}`);
  return DAYS_PRESET;
}

function cursorOf({ application, resource, committed, quota_id: id }: Place): string {
  return Buffer.from(JSON.stringify([application, resource, committed, id])).toString('base64url');
}

function placeIn(parameters: Parameters): Place | null {
  const text = parameters.cursor((given) => placeOf(given) !== null);
  return text === null ? null : placeOf(text);
}

function placeOf(text: string): Place | null {
  try {
    const place = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown;
    if (!Array.isArray(place) || place.length !== 4) return null;
    const [application, resource, committed, id] = place as readonly unknown[];
    const texts = [application, resource].every(
      (each) => typeof each === 'string' && !each.includes('\0'),
    );
    const isAmount =
      typeof committed === 'string' && /^(\d{1,40}(\.\d{1,6})?|Infinity)$/.test(committed);
    if (!texts || !isAmount || typeof id !== 'string' || !isQuotaId(id)) return null;
    return { application, resource, committed, quota_id: id } as Place;
  } catch {
    return null;
  }
}
