import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { hostsSeen, hostStates } from '../enforcement/enforcementSql.ts';
import { applicationCondition, mustReachInto } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { lagMember, reportedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';
import { statesIn } from './stateFilter.ts';

interface HostRow {
  readonly application: string;
  readonly host_id: string;
  readonly boot_id: string;
  readonly sdk_version: string;
  readonly zone: string | null;
  readonly source: string;
  readonly rules: number;
  readonly rejected_rules: number;
  readonly state: string;
  readonly desired: string | null;
  readonly delivered_offset: string | null;
  readonly applied_offset: string;
  readonly behind_since: string | null;
  readonly applied_at: string | null;
  readonly reported_at: string;
  readonly heard_at: string;
}

/** By sort: the columns of its order, of which the last two tell rows apart. */
const sortColumns = {
  hostId: ['application', 'host_id'],
  heardAt: ['heard_at', 'application', 'host_id'],
  appliedOffset: ['applied_offset', 'application', 'host_id'],
} as const;
type Sort = keyof typeof sortColumns;
const sorts = Object.keys(sortColumns) as Sort[];

const placeTypes: Readonly<Record<string, string>> = {
  heard_at: '::timestamptz',
  applied_offset: '::bigint',
};

export function hostRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/hosts', async (request, response) => {
    response.json(await listHosts(request, models));
  });
  router.get('/v1/hosts/:application/:hostId', async (request, response) => {
    response.json(await findHost(request, models));
  });
}

async function listHosts(request: Request, models: ReadModels): Promise<object> {
  const names = ['application', 'state', 'zone', 'behind', 'sort', 'order', 'after', 'limit'];
  const parameters = new Parameters(request, names);
  const limit = parameters.limit();
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const filters = new Filters();
  const seen = hostsSeen(application === null ? null : filters.value(application));
  filters.within(request.reach, applicationCondition).equal('zone', parameters.text('zone'));
  const states = statesIn(parameters, hostStates);
  if (states !== null) filters.add('state = ANY(?::text[])', states);
  const isBehind = parameters.oneOf('behind', ['true', 'false'], 'false') === 'true';
  if (isBehind) filters.add('applied_offset < desired');
  const sort = parameters.oneOf('sort', sorts, 'hostId');
  const order = parameters.oneOf('order', ['asc', 'desc'], 'asc');
  addPlace(filters, parameters, sort, order);
  parameters.finish();
  const lag = await models.lag.measure(reportedTopics);
  const columns = sortColumns[sort];
  const ordered = columns.map((column) => `${column} ${order}`).join(', ');
  const { rows } = await models.pool.query<HostRow>(
    `${seen} SELECT * FROM seen ${filters.where} ORDER BY ${ordered} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) =>
    cursorOf(columns.map((column) => last[column])),
  );
  return { hosts: page.map(hostJson), next, lag };
}

async function findHost(request: Request, models: ReadModels): Promise<object> {
  new Parameters(request, []).finish();
  const [application = '', hostId = ''] = ['application', 'hostId'].map((name) =>
    String(request.params[name]).replaceAll('\0', ''),
  );
  mustReachInto(request.reach, application);
  const lag = await models.lag.measure(reportedTopics);
  const { rows } = await models.pool.query<HostRow>(
    `${hostsSeen('$1')} SELECT * FROM seen WHERE host_id = $2`,
    [application, hostId],
  );
  const [row] = rows;
  if (row === undefined) {
    throw new Problem(404, 'HOST_UNKNOWN', 'No such host has reported within a day.', {
      extensions: lagMember(lag),
    });
  }
  return { ...hostJson(row), lag };
}

function addPlace(
  filters: Filters,
  parameters: Parameters,
  sort: Sort,
  order: 'asc' | 'desc',
): void {
  const columns = sortColumns[sort];
  const text = parameters.cursor((given) => placeIn(given, columns) !== null);
  const place = text === null ? null : placeIn(text, columns);
  if (place === null) return;
  const places = columns.map((column) => `?${placeTypes[column] ?? ''}`).join(', ');
  filters.add(`(${columns.join(', ')}) ${order === 'asc' ? '>' : '<'} (${places})`, ...place);
}

const cursorOf = (values: readonly string[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

/** Of the form that its column has. */
const forms: Readonly<Record<string, RegExp>> = {
  heard_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$/,
  applied_offset: /^-?\d{1,18}$/,
};

function placeIn(text: string, columns: readonly string[]): readonly string[] | null {
  try {
    const values: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (!Array.isArray(values) || values.length !== columns.length) return null;
    const fits = (value: unknown, column: string): boolean =>
      typeof value === 'string' &&
      !value.includes('\0') &&
      (forms[column]?.test(value) ?? true) &&
      (column !== 'heard_at' || !Number.isNaN(Date.parse(value)));
    const isPlace = columns.every((column, at) => fits(values[at], column));
    return isPlace ? (values as string[]) : null;
  } catch {
    return null;
  }
}

const longOrNull = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

function hostJson(row: HostRow): object {
  return {
    application: row.application,
    hostId: row.host_id,
    bootId: row.boot_id,
    zone: row.zone,
    state: row.state,
    desiredOffset: longOrNull(row.desired),
    deliveredOffset: longOrNull(row.delivered_offset),
    appliedOffset: BigInt(row.applied_offset),
    behindSince: row.behind_since,
    rules: row.rules,
    rejectedRules: row.rejected_rules,
    source: row.source,
    sdkVersion: row.sdk_version,
    appliedAt: row.applied_at,
    reportedAt: row.reported_at,
    heardAt: row.heard_at,
  };
}
