import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { mustReach, mustReachOrganization } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { listings, rowJson } from './listings.ts';
import type { Listing, Single } from './listings.ts';
import { Parameters } from './parameters.ts';
import { lagMember, projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

type Row = Readonly<Record<string, unknown>>;

export function listingRoutes(router: Router, models: ReadModels): void {
  for (const listing of listings) {
    router.get(listing.path, async (request: Request, response) => {
      response.json(await list(listing, request, models));
    });
    const { single } = listing;
    if (single === undefined) continue;
    router.get(single.path, async (request: Request, response) => {
      response.json(await find(listing, single, request, models));
    });
  }
}

async function list(listing: Listing, request: Request, models: ReadModels): Promise<object> {
  const { within, inReach, key, table, member } = listing;
  const parameters = new Parameters(request, ['after', 'limit']);
  const limit = parameters.limit();
  const filters = new Filters();
  if (inReach !== undefined) filters.within(request.reach, inReach);
  if (within !== null) filters.equal(within, placeIn(request, within));
  const after = cursorIn(parameters, key.length);
  const columns = key.join(', ');
  if (after !== null) filters.add(`(${columns}) > (${key.map(() => '?').join(', ')})`, ...after);
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<Row>(
    `SELECT ${columnsOf(listing)} FROM ${table} ${filters.where} ORDER BY ${columns} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => cursorOf(key.map((column) => last[column])));
  return { [member]: page.map((row) => rowJson(listing, row)), next, lag };
}

/** What is beyond reach is answered as what is not there; an organization's own part of the path is refused. */
async function find(
  listing: Listing,
  { path, unknown }: Single,
  request: Request,
  models: ReadModels,
): Promise<object> {
  new Parameters(request, []).finish();
  const { key, table, inReach, within } = listing;
  const parameter = path.slice(path.lastIndexOf(':') + 1);
  const filters = new Filters();
  if (within !== null) filters.equal(within, placeIn(request, within));
  const id =
    parameter === 'organization'
      ? placeIn(request, parameter)
      : String(request.params[parameter]).replaceAll('\0', '');
  filters.equal(key.join(), id);
  if (inReach !== undefined) filters.within(request.reach, inReach);
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<Row>(
    `SELECT ${columnsOf(listing)} FROM ${table} ${filters.where}`,
    filters.values,
  );
  const [row] = rows;
  if (row === undefined) {
    throw new Problem(404, unknown.code, unknown.detail, { extensions: lagMember(lag) });
  }
  return { ...rowJson(listing, row), lag };
}

const columnsOf = ({ fields }: Listing): string => Object.keys(fields).join(', ');

/** @throws Problem 403 when the credentials do not reach it */
function placeIn(request: Request, within: 'organization' | 'application'): string {
  const id = String(request.params[within]).replaceAll('\0', '');
  if (within === 'application') mustReach(request.reach, id);
  else mustReachOrganization(request.reach, id);
  return id;
}

const cursorOf = (values: readonly unknown[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

function cursorIn(parameters: Parameters, length: number): readonly string[] | null {
  const given = parameters.text('after');
  if (given === null) return null;
  const values = parsed(Buffer.from(given, 'base64url').toString('utf8'));
  const isCursor =
    Array.isArray(values) &&
    values.length === length &&
    values.every((each) => typeof each === 'string' && !each.includes('\0'));
  if (isCursor) return values as readonly string[];
  parameters.report('after', 'must be the `next` of an answer');
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
