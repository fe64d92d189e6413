import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { mustReachOrganization, organizationCondition } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { lagMember, projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface BudgetRow {
  readonly organization: string;
  readonly budget_id: string;
  /** Empty where it is a team's, or the whole organization's. */
  readonly project: string;
  readonly team: string | null;
  /** An exact decimal. */
  readonly amount: string;
  readonly currency: string;
  readonly window: object;
  readonly price_book: string;
  readonly tier_policy: string;
  readonly mode: string;
  readonly thresholds: readonly object[];
  readonly split: readonly object[];
  readonly crossings: object | null;
  readonly override: object | null;
  readonly version: string;
  readonly actor: object;
  readonly reason: string;
  readonly updated_at: string;
  /** null: there is no such book. */
  readonly book_currency: string | null;
  readonly has_tier_policy: boolean;
}

/** Streams of their own: what they have may come after the budget that names them, or never. */
const NAMED = `
  (SELECT currency FROM price_books WHERE price_books.price_book = budgets.price_book) AS book_currency,
  EXISTS (SELECT FROM tier_policies WHERE tier_policies.tier_policy = budgets.tier_policy) AS has_tier_policy`;

/** `<organization>/<budget>`. */
const NEXT = /^[^/]+\/[^/]+$/;

export function budgetRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/budgets', async (request, response) => {
    response.json(await listBudgets(request, models));
  });
  router.get('/v1/budgets/:organization/:budgetId', async (request, response) => {
    response.json(await findBudget(request, models));
  });
}

async function listBudgets(request: Request, models: ReadModels): Promise<object> {
  const parameters = new Parameters(request, ['organization', 'project', 'after', 'limit']);
  const limit = parameters.limit();
  const filters = new Filters()
    .equal('organization', parameters.text('organization'))
    .within(request.reach, organizationCondition)
    .equal('project', parameters.text('project'));
  const after = parameters.cursor((text) => NEXT.test(text));
  if (after !== null) filters.add('(organization, budget_id) > (?, ?)', ...after.split('/'));
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<BudgetRow>(
    `SELECT *, ${NAMED} FROM budgets ${filters.where} ORDER BY organization, budget_id LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => `${last.organization}/${last.budget_id}`);
  return { budgets: page.map(budgetJson), next, lag };
}

/** @throws Problem 403 when the organization is not within reach */
async function findBudget(request: Request, models: ReadModels): Promise<object> {
  new Parameters(request, []).finish();
  const [organization, budgetId] = ['organization', 'budgetId'].map((name) =>
    String(request.params[name]).replaceAll('\0', ''),
  ) as [string, string];
  mustReachOrganization(request.reach, organization);
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<BudgetRow>(
    `SELECT *, ${NAMED} FROM budgets WHERE organization = $1 AND budget_id = $2`,
    [organization, budgetId],
  );
  const [row] = rows;
  if (row !== undefined) return { ...budgetJson(row), lag };
  const extensions = lagMember(lag);
  throw new Problem(404, 'BUDGET_UNKNOWN', 'There is no such budget.', { extensions });
}

function budgetJson(row: BudgetRow): object {
  return {
    organization: row.organization,
    budgetId: row.budget_id,
    project: row.project,
    team: row.team,
    amount: row.amount,
    currency: row.currency,
    window: row.window,
    priceBook: row.price_book,
    tierPolicy: row.tier_policy,
    mode: row.mode,
    thresholds: row.thresholds,
    split: row.split,
    crossings: row.crossings,
    override: row.override,
    version: BigInt(row.version),
    actor: row.actor,
    reason: row.reason,
    updatedAt: row.updated_at,
    problem: problemOf(row),
  };
}

/** Why the budget can cut nothing, in the codes of its spend. */
function problemOf(row: BudgetRow): object | null {
  const { price_book, book_currency, currency, tier_policy } = row;
  if (book_currency === null) return { code: 'PRICE_BOOK_UNKNOWN', detail: price_book };
  if (book_currency !== currency) {
    const detail = `the budget is in ${currency}, prices in ${book_currency}`;
    return { code: 'CURRENCY_OTHER', detail };
  }
  return row.has_tier_policy ? null : { code: 'TIER_POLICY_UNKNOWN', detail: tier_policy };
}
