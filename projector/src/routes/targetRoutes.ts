import { isSegment } from '@prorata/quota-model';
import type { Request, Router } from 'express';
import { TARGETS_SEEN, targetStates } from '../enforcement/enforcementSql.ts';
import { applicationCondition, mustReachInto } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { reportedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';
import { statesIn } from './stateFilter.ts';

interface TargetRow {
  readonly application: string;
  readonly dispatcher: string;
  readonly kind: string;
  readonly target: string;
  readonly state: string;
  readonly desired_offset: string | null;
  readonly delivered_offset: string | null;
  readonly applied_offset: string | null;
  readonly checksum: string | null;
  readonly problem: string | null;
  readonly since: string | null;
  readonly reported_at: string | null;
  readonly heard_at: string | null;
}

/** `GET /v1/targets`: what dispatchers write to, and whether it has what it should. */
export function targetRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/targets', async (request, response) => {
    response.json(await listTargets(request, models));
  });
}

async function listTargets(request: Request, models: ReadModels): Promise<object> {
  const names = ['application', 'state', 'kind', 'behind', 'order', 'after', 'limit'];
  const parameters = new Parameters(request, names);
  const limit = parameters.limit();
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const filters = new Filters()
    .equal('application', application)
    .within(request.reach, applicationCondition)
    .equal('kind', parameters.text('kind'));
  const states = statesIn(parameters, targetStates);
  if (states !== null) filters.add('state = ANY(?::text[])', states);
  const isBehind = parameters.oneOf('behind', ['true', 'false'], 'false') === 'true';
  if (isBehind) filters.add(`state <> 'current'`);
  const order = parameters.oneOf('order', ['asc', 'desc'], 'asc');
  const after = parameters.cursor((text) => placeIn(text) !== null);
  const place = after === null ? null : placeIn(after);
  if (place !== null) {
    filters.add(`(application, dispatcher) ${order === 'asc' ? '>' : '<'} (?, ?)`, ...place);
  }
  parameters.finish();
  const lag = await models.lag.measure(reportedTopics);
  const { rows } = await models.pool.query<TargetRow>(
    `${TARGETS_SEEN} SELECT * FROM seen ${filters.where} ORDER BY application ${order}, dispatcher ${order} ` +
      `LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => `${last.application} ${last.dispatcher}`);
  return { targets: page.map(targetJson), next, lag };
}

/** `<application> <dispatcher>`: neither has a space. */
function placeIn(text: string): readonly string[] | null {
  const parts = text.split(' ');
  return parts.length === 2 && parts.every(isSegment) ? parts : null;
}

const longOrNull = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

function targetJson(row: TargetRow): object {
  return {
    application: row.application,
    dispatcher: row.dispatcher,
    kind: row.kind,
    target: row.target,
    state: row.state,
    desiredOffset: longOrNull(row.desired_offset),
    deliveredOffset: longOrNull(row.delivered_offset),
    appliedOffset: longOrNull(row.applied_offset),
    checksum: row.checksum,
    problem: row.problem,
    since: row.since,
    reportedAt: row.reported_at,
    heardAt: row.heard_at,
  };
}
