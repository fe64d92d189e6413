import type { Request, Router } from 'express';
import { mustReach, mustReachOrganization, organizationCondition } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { listings, rowJson } from './listings.ts';
import type { Listing } from './listings.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

type Row = Readonly<Record<string, unknown>>;

export function listingRoutes(router: Router, models: ReadModels): void {
  for (const listing of listings) {
    router.get(listing.path, async (request: Request, response) => {
      response.json(await list(listing, request, models));
    });
  }
}

async function list(listing: Listing, request: Request, models: ReadModels): Promise<object> {
  const { within, key, table, member } = listing;
  const parameters = new Parameters(request, ['after', 'limit']);
  const limit = parameters.limit();
  const filters = new Filters();
  if (within === null) filters.within(request.reach, organizationCondition);
  else filters.equal(within, placeIn(request, within));
  const after = cursorIn(parameters, key.length);
  const columns = key.join(', ');
  if (after !== null) filters.add(`(${columns}) > (${key.map(() => '?').join(', ')})`, ...after);
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<Row>(
    `SELECT * FROM ${table} ${filters.where} ORDER BY ${columns} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => cursorOf(key.map((column) => last[column])));
  return { [member]: page.map((row) => rowJson(listing, row)), next, lag };
}

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
