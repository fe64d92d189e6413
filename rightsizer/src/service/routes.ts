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
import type { BudgetLook } from '../throttle/budgetLooks.ts';
import { costPaths, costRoutes } from './costRoutes.ts';
import type { CostParts } from './costRoutes.ts';
import { explainFields, spendFields, statusFields } from './reportSchemas.ts';
import { spendReport } from './reports.ts';

export interface RouteParts {
  readonly status: () => Promise<object>;
  /** @throws Problem 503 when this process makes no charge lines */
  readonly costs: () => CostParts;
  /** null: there is no such budget. */
  readonly look: (organization: string, budget: string) => Promise<BudgetLook | null>;
  /** The body of an explanation. */
  readonly explain: (look: BudgetLook) => object;
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
  const lookAt = takingTurns(async (request: Request<BudgetPlace>): Promise<BudgetLook> => {
    const { organization, budget } = request.params;
    mustReachOrganization(request, organization);
    const look = await parts.look(organization, budget);
    if (look !== null) return look;
    throw new Problem(404, 'BUDGET_UNKNOWN', `There is no budget ${budget} of ${organization}.`);
  });
  router.get('/v1/budgets/:organization/:budget/spend', async (request, response) => {
    response.json(spendReport(await lookAt(request)));
  });
  router.get('/v1/budgets/:organization/:budget/explain', async (request, response) => {
    response.json(parts.explain(await lookAt(request)));
  });
}

interface BudgetPlace {
  readonly organization: string;
  readonly budget: string;
}

/** Each look sums what was spent since the window's start: more would wait for one another. */
const LOOKS_MAX = 4;

function takingTurns<Asked, Found>(
  work: (asked: Asked) => Promise<Found>,
): (asked: Asked) => Promise<Found> {
  let running = 0;
  return async (asked) => {
    if (running >= LOOKS_MAX) {
      throw new Problem(503, 'LEDGER_BUSY', 'Others ask for what budgets have spent just now.', {
        headers: { 'retry-after': '2' },
      });
    }
    running += 1;
    try {
      return await work(asked);
    } finally {
      running -= 1;
    }
  };
}

/** @throws Problem 403 when the organization is not within the caller's reach */
function mustReachOrganization({ reach }: Pick<Request, 'reach'>, organization: string): void {
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
    '/v1/budgets/{organization}/{budget}/explain': {
      get: {
        summary:
          'Why a budget cuts, or does not: from usage to money to the cut, and what comes next.',
        parameters: [parameter('organization'), parameter('budget')],
        security: bearerSecurity,
        responses: answers(
          'Each number with its origin; what would happen at which spend; the forecast, which warns alone.',
          explainFields,
        ),
      },
    },
  },
  components: sharedComponents,
};
