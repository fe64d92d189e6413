import type { Request, Router } from 'express';
import { mustReachInto, treeCondition } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';
import { withinIn } from './within.ts';

interface CommitmentRow {
  readonly application: string;
  readonly node: string;
  readonly resource: string;
  readonly quotas: string;
  readonly unlimited: string;
  readonly guaranteed: string;
  readonly committed: string | null;
  readonly capacity: string | null;
  readonly basis_points: string | null;
  readonly is_oversubscribed: boolean;
}

interface TotalRow extends Pick<
  CommitmentRow,
  'resource' | 'quotas' | 'unlimited' | 'guaranteed' | 'committed' | 'capacity'
> {
  readonly unit: string;
  readonly applications: string;
}

/** Of one unit: amounts of others cannot be added. */
const TOTALS_MAX = 1_000;

/** `GET /v1/commitments`: what is handed out, and of what. */
export function commitmentRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/commitments', async (request, response) => {
    response.json(await listCommitments(request, models));
  });
}

async function listCommitments(request: Request, models: ReadModels): Promise<object> {
  const names = ['application', 'within', 'resource', 'level', 'oversubscribed', 'after', 'limit'];
  const parameters = new Parameters(request, names);
  const limit = parameters.limit();
  const level = parameters.oneOf('level', ['application', 'quota', 'all'], 'all');
  const isOver = parameters.oneOf('oversubscribed', ['true', 'false'], 'false') === 'true';
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const within = withinIn(request, parameters);
  const resource = parameters.text('resource');
  const after = cursorIn(parameters);
  parameters.finish();
  const chosen = (): Filters => {
    const filters = new Filters()
      .equal('application', application)
      .within(request.reach, (scope) => treeCondition(scope, 'node'))
      .equal('resource', resource);
    if (within !== null) filters.addCondition(treeCondition(within, 'node'));
    if (level !== 'all')
      filters.add(level === 'application' ? 'node = application' : 'node <> application');
    if (isOver) filters.add('is_oversubscribed');
    return filters;
  };
  const filters = chosen();
  if (after !== null) filters.add('(node, resource) > (?, ?)', ...after);
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.searches.query<CommitmentRow>(
    `SELECT * FROM commitments ${filters.where} ORDER BY node, resource LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => `${last.resource} ${last.node}`);
  const totals = level === 'application' ? await totalsOf(models, chosen()) : null;
  return { commitments: page.map(commitmentJson), totals, next, lag };
}

/** Over all applications that were chosen, those of further pages included. */
async function totalsOf({ searches }: ReadModels, filters: Filters): Promise<readonly object[]> {
  const { rows } = await searches.query<TotalRow>(
    `WITH chosen AS (SELECT * FROM commitments ${filters.where}) ` +
      `SELECT c.resource, r.unit, count(*) AS applications, sum(c.quotas) AS quotas, ` +
      'sum(c.unlimited) AS unlimited, sum(c.guaranteed) AS guaranteed, ' +
      'CASE WHEN bool_or(c.committed IS NULL) THEN NULL ELSE sum(c.committed) END AS committed, ' +
      'CASE WHEN bool_or(c.capacity IS NULL) THEN NULL ELSE sum(c.capacity) END AS capacity ' +
      'FROM chosen AS c JOIN applications AS a USING (application), ' +
      'jsonb_to_recordset(a.resources) AS r (name text, unit text) WHERE r.name = c.resource ' +
      `GROUP BY c.resource, r.unit ORDER BY c.resource, r.unit LIMIT ${filters.value(TOTALS_MAX)}`,
    filters.values,
  );
  return rows.map((row) => ({
    resource: row.resource,
    unit: row.unit,
    applications: BigInt(row.applications),
    quotas: BigInt(row.quotas),
    unlimited: BigInt(row.unlimited),
    guaranteed: row.guaranteed,
    committed: row.committed,
    capacity: row.capacity,
  }));
}

function commitmentJson(row: CommitmentRow): object {
  return {
    application: row.application,
    node: row.node,
    resource: row.resource,
    quotas: BigInt(row.quotas),
    unlimited: BigInt(row.unlimited),
    guaranteed: row.guaranteed,
    committed: row.committed,
    capacity: row.capacity,
    basisPoints: row.basis_points === null ? null : BigInt(row.basis_points),
    isOversubscribed: row.is_oversubscribed,
  };
}

/** `<resource> <node>`: neither has a space. */
function cursorIn(parameters: Parameters): readonly [node: string, resource: string] | null {
  const after = parameters.cursor((text) => /^[^ ]+ [^ ]+$/.test(text));
  const [resource = '', node = ''] = after?.split(' ') ?? [];
  return after === null ? null : [node, resource];
}
