import {
  Problem,
  QueryParameters,
  bearerSecurity,
  callerStatuses,
  problemResponses,
} from '@prorata/service-runtime';
import type { OpenApiFragment } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import type { EntitlementPlan } from './entitlementPlan.ts';
import { planReport } from './planReport.ts';
import type { NoPlan } from './provisioner.ts';

/** An amount has 26 digits before the point and 12 after it at most. */
const AMOUNT_LENGTH_MAX = 39;

export interface EntitlementParts {
  /** @throws Problem 503 when this process does not look at budgets */
  readonly plan: (
    organization: string,
    budget: string,
    amount: string | null,
    now: bigint,
  ) => EntitlementPlan | NoPlan;
  /** Microseconds. */
  readonly now: () => bigint;
}

/** @param mustReach throws where the organization is not within the caller's reach */
export function entitlementRoutes(
  router: Router,
  parts: EntitlementParts,
  mustReach: (request: Request, organization: string) => void,
): void {
  router.get('/v1/budgets/:organization/:budget/entitlements', (request, response) => {
    const { organization, budget } = request.params;
    mustReach(request, organization);
    const parameters = new QueryParameters(request, {
      known: ['amount'],
      unknownSaid: 'is not amount',
      textLengthMax: AMOUNT_LENGTH_MAX,
    });
    const amount = parameters.text('amount');
    const now = parts.now();
    const plan = parts.plan(organization, budget, amount, now);
    if (plan === 'not_an_amount') parameters.report('amount', 'is no decimal above 0, as 800.00');
    parameters.finish();
    if (typeof plan === 'string') {
      const message = `There is no budget ${budget} of ${organization}.`;
      throw new Problem(404, 'BUDGET_UNKNOWN', message);
    }
    response.json(planReport(organization, plan, now));
  });
}

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const money = { ...text, description: 'An exact decimal.' };
const units = {
  type: ['integer', 'string', 'null'],
  description: 'Base units, of a rate per second; as text above 2^53-1, and unlimited.',
};
const objects = { type: 'array', items: { type: 'object' } };

const shareFields = {
  application: text,
  resource: text,
  basisPoints: { type: 'integer' },
  money: { ...text, description: "The share of the budget's amount, an exact decimal." },
  price: { type: ['object', 'null'], description: 'What holds now.' },
  unitsPerWindow: {
    ...units,
    description: "What one unit may use up in the budget's longest window.",
  },
  buys: { ...units, description: 'What the money buys, with the stairs of a graduated price.' },
  target: { ...units, description: 'What is handed out of it, at the first amount of the price.' },
  allocated: { type: ['object', 'null'], description: 'What is handed out, and by which budget.' },
  entitled: {
    ...units,
    description: 'What the application grants at most; null: nobody has said.',
  },
  held: { ...units, description: "What the project's quotas hold." },
  over: { ...units, description: 'How much more that is than the target.' },
  doesNotFit: {
    ...objects,
    description: 'Quotas that a cut would take first, as far as it takes.',
  },
  doesNotFitMore: { type: 'integer', description: 'Further ones, beyond 100.' },
  step: {
    ...text,
    description: 'allocate, release, fits, waits, does_not_fit or not_possible.',
  },
  fault: { ...textOrNull, description: 'Why it is not possible.' },
};

/** Of the answer, in the order of `planReport`. */
export const planFields: Readonly<Record<string, object>> = {
  organization: text,
  budget: text,
  project: text,
  at: { ...text, format: 'date-time' },
  amount: { ...money, description: 'What was asked for, or what it is.' },
  amountInForce: money,
  currency: text,
  mode: text,
  handedOut: { ...money, description: 'To the budgets below it and to allocations.' },
  beyond: { ...money, description: 'What of it the amount would not hold.' },
  shares: {
    type: 'array',
    items: { type: 'object', required: Object.keys(shareFields), properties: shareFields },
  },
};

const inPath = (name: string): object => ({ name, in: 'path', required: true, schema: text });

export const entitlementPaths: OpenApiFragment['paths'] = {
  '/v1/budgets/{organization}/{budget}/entitlements': {
    get: {
      summary:
        "What a budget's money buys as entitlements by its split, what is handed out and held, and what no longer fits.",
      parameters: [
        inPath('organization'),
        inPath('budget'),
        {
          name: 'amount',
          in: 'query',
          description: 'What would be if the budget were of this amount.',
          schema: text,
        },
      ],
      security: bearerSecurity,
      responses: {
        200: {
          description: 'One entry a share. Nothing changes by asking.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: Object.keys(planFields),
                properties: planFields,
              },
            },
          },
        },
        ...problemResponses(...callerStatuses, 405, 422),
      },
    },
  },
};
