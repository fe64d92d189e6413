import { applicationOf, byCodeUnit, isQuotaId, isSegment } from '@prorata/quota-model';
import type { Request, Router } from 'express';
import { differenceOf } from '../history/difference.ts';
import type { QuotaDifference } from '../history/difference.ts';
import { momentIn, momentText } from '../history/moment.ts';
import type { Moment } from '../history/moment.ts';
import { mustHaveCome } from '../history/mustHaveCome.ts';
import { quotaAsOf } from '../history/quotaAsOf.ts';
import type { SpanPath } from '../history/quotaAsOf.ts';
import { rangesAfter, rangesInAll, rangesOfOne, rangesOfTree } from '../history/idRanges.ts';
import type { IdRange } from '../history/idRanges.ts';
import { pathsAt } from '../history/spans.ts';
import type { PathsPage } from '../history/spans.ts';
import { mustReach } from './access.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

export function diffRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/diff', async (request, response) => {
    response.json(await diff(request, models));
  });
}

interface Question {
  readonly within: string;
  readonly from: Moment;
  readonly to: Moment;
  readonly part: readonly IdRange[];
  /** Quotas looked at. */
  readonly limit: number;
}

/** Looks at a page of the quotas of either moment, and tells those that differ: a page may be empty. */
async function diff(request: Request, models: ReadModels): Promise<object> {
  const { within, from, to, part, limit } = questionIn(request);
  const lag = await models.lag.measure(projectedTopics);
  const application = applicationOf(within);
  for (const moment of [from, to]) await mustHaveCome(models, application, moment, lag);
  const before = await pathsAt(models.searches, part, from, limit);
  const after = await pathsAt(models.searches, part, to, limit);
  const { ids, next } = idsOf(before, after, limit);
  return {
    from: momentText(from),
    to: momentText(to),
    differences: differencesOf(ids, before.paths, after.paths),
    next,
    lag,
  };
}

function questionIn(request: Request): Question {
  const parameters = new Parameters(request, ['within', 'below', 'from', 'to', 'after', 'limit']);
  const within = parameters.text('within') ?? '';
  if (!isQuotaId(within) && !isSegment(within)) {
    parameters.report('within', 'must be given: the id of a quota or of an application');
  }
  const isTree = parameters.oneOf('below', ['true', 'false'], 'true') === 'true';
  const [from, to] = [momentIn(parameters, 'from'), momentIn(parameters, 'to')];
  const now: Moment = { kind: 'time', micros: BigInt(Date.now()) * 1000n };
  // What is given and no moment has been told already.
  if ((request.query['from'] ?? '') === '') parameters.report('from', 'must be given');
  const after = parameters.cursor(isQuotaId);
  const limit = parameters.limit();
  parameters.finish();
  mustReach(request.reach, within);
  const part = rangesInAll(
    isTree ? rangesOfTree(within) : rangesOfOne(within),
    ...(after === null ? [] : [rangesAfter(after)]),
  );
  return { within, from: from ?? now, to: to ?? now, part, limit };
}

/** The first ids of both pages, as far as both have been read. */
function idsOf(
  before: PathsPage,
  after: PathsPage,
  limit: number,
): { readonly ids: readonly string[]; readonly next: string | null } {
  const ends = [before.next, after.next].filter((end) => end !== null).sort(byCodeUnit);
  const end = ends[0] ?? null;
  const all = new Set([...before.paths, ...after.paths].map(([{ quota_id: id }]) => id));
  const read = [...all].filter((id) => end === null || id <= end).sort(byCodeUnit);
  const ids = read.slice(0, limit);
  return { ids, next: read.length > limit ? (ids.at(-1) ?? null) : end };
}

function differencesOf(
  ids: readonly string[],
  before: readonly SpanPath[],
  after: readonly SpanPath[],
): readonly QuotaDifference[] {
  const [then, later] = [byId(before), byId(after)];
  return ids.flatMap((id) => differenceOf(id, thenOf(then, id), thenOf(later, id)) ?? []);
}

const byId = (paths: readonly SpanPath[]): ReadonlyMap<string, SpanPath> =>
  new Map(paths.map((path) => [path[0].quota_id, path]));

function thenOf(
  paths: ReadonlyMap<string, SpanPath>,
  id: string,
): ReturnType<typeof quotaAsOf> | null {
  const path = paths.get(id);
  return path === undefined ? null : quotaAsOf(path);
}
