import { ancestorsOf } from '@prorata/quota-model';
import { addHolding, decimalHoldings } from '../rows/holdings.ts';
import type { Holdings } from '../rows/holdings.ts';
import type { LimitJson } from '../rows/jsonForms.ts';
import type { Request, Router } from 'express';
import { quotaCondition } from './access.ts';
import { Filters } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

/** Quotas that one answer adds up: some 50 ms. Beyond them it says that it is not whole. */
const QUOTAS_MAX = 5_000;

interface HeldRow {
  readonly quota_id: string;
  readonly application: string;
  readonly limits: readonly LimitJson[] | null;
}

/** `GET /v1/holdings`: what an owner or a project has, everywhere. */
export function holdingRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/holdings', async (request, response) => {
    response.json(await holdingsOf(request, models));
  });
}

async function holdingsOf(request: Request, models: ReadModels): Promise<object> {
  const parameters = new Parameters(request, ['owner', 'project']);
  const [owner, project] = [parameters.text('owner'), parameters.text('project')];
  if ((owner === null) === (project === null)) {
    parameters.report('owner', 'or project must be given, and not both');
  }
  parameters.finish();
  const filters = new Filters()
    .equal('owner', owner)
    .equal('project', project)
    .within(request.reach, quotaCondition);
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.searches.query<HeldRow>(
    `SELECT quota_id, application, ${LIMITS} FROM quotas ${filters.where} ` +
      `ORDER BY quota_id LIMIT ${filters.value(QUOTAS_MAX + 1)}`,
    filters.values,
  );
  const looked = rows.slice(0, QUOTAS_MAX);
  // In the order of ids, what is above comes first.
  const held = new Set(looked.map(({ quota_id: id }) => id));
  const holdings: Holdings = new Map();
  for (const { quota_id: id, application, limits } of looked) {
    const isTop = !ancestorsOf(id).some((above) => held.has(above));
    addHolding(holdings, application, isTop, limits ?? []);
  }
  return {
    owner,
    project,
    holdings: decimalHoldings(holdings),
    quotas: looked.length,
    isWhole: rows.length <= QUOTAS_MAX,
    lag,
  };
}

/** Without their layers, which are most of the column. */
const LIMITS = `(SELECT jsonb_agg(each -> 'limit') FROM jsonb_array_elements(effective) AS each) AS limits`;
