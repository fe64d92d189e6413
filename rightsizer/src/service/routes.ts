import {
  Problem,
  bearerSecurity,
  callerStatuses,
  problemResponses,
  sharedComponents,
} from '@prorata/service-runtime';
import type { OpenApiFragment } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { catalogPaths, catalogRoutes } from '../catalog/catalogRoutes.ts';
import type { ServedTables } from '../catalog/servedTables.ts';
import { entitlementPaths, entitlementRoutes } from '../provision/entitlementRoutes.ts';
import type { EntitlementParts } from '../provision/entitlementRoutes.ts';
import type { BudgetLook, NoBudgetLook } from '../throttle/throttle.ts';
import { costPaths, costRoutes } from './costRoutes.ts';
import type { CostParts } from './costRoutes.ts';
import { spendFields, statusFields } from './reportSchemas.ts';
import { spendReport } from './reports.ts';

export interface RouteParts {
  readonly status: () => Promise<object>;
  /** @throws Problem 503 when this process makes no charge lines */
  readonly costs: () => CostParts;
  readonly look: (organization: string, budget: string) => Promise<BudgetLook | NoBudgetLook>;
  readonly tables: ServedTables;
  readonly entitlements: EntitlementParts;
}

export function routes(router: Router, parts: RouteParts): void {
  costRoutes(router, parts.costs);
  catalogRoutes(router, parts.tables);
  entitlementRoutes(router, parts.entitlements, mustReachOrganization);
  router.get('/v1/rightsizer/status', async (_request, response) => {
    response.json(await parts.status());
  });
  router.get('/v1/budgets/:organization/:budget/spend', async (request, response) => {
    const { organization, budget } = request.params;
    mustReachOrganization(request, organization);
    const look = await parts.look(organization, budget);
    if (typeof look === 'string') throw noLook(look, `budget ${budget} of ${organization}`);
    response.json(spendReport(look));
  });
}

function noLook(look: NoBudgetLook, name: string): Problem {
  if (look === 'unknown') return new Problem(404, 'BUDGET_UNKNOWN', `There is no ${name}.`);
  const why = "is a team's or the organization's: what is spent below it is not summed yet";
  return new Problem(404, 'SPEND_NOT_SUMMED', `The ${name} ${why}.`);
}

/** @throws Problem 403 when the organization is not within the caller's reach */
function mustReachOrganization({ reach }: Request, organization: string): void {
  if (reach === 'everywhere' || reach.includes(`organization:${organization}`)) return;
  throw new Problem(403, 'FORBIDDEN', `The credentials do not reach ${organization}.`);
}

const parameter = (name: string): object => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
});
const answers = (description: string, properties: Readonly<Record<string, object>>): object => ({
  200: {
    description,
    content: {
      'application/json': {
        schema: { type: 'object', required: Object.keys(properties), properties },
      },
    },
  },
  ...problemResponses(...callerStatuses, 405),
});

export const openapi: OpenApiFragment = {
  paths: {
    ...costPaths,
    ...catalogPaths,
    ...entitlementPaths,
    '/v1/rightsizer/status': {
      get: {
        summary: 'What the usage table holds, and what the control loops last found and did.',
        security: bearerSecurity,
        responses: answers(
          'The policy in force, the table, the last evaluation of each loop.',
          statusFields,
        ),
      },
    },
    '/v1/budgets/{organization}/{budget}/spend': {
      get: {
        summary: "A budget's usage, money and overrun in its window, and what follows from it.",
        parameters: [parameter('organization'), parameter('budget')],
        security: bearerSecurity,
        responses: answers(
          'Lines by resource and price; `wouldDo` and `frozen` say what would be cut, and why not.',
          spendFields,
        ),
      },
    },
  },
  components: sharedComponents,
};
