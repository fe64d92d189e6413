import { longToJson } from '@prorata/schemas';
import { Problem, reaches } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { mustReachInto, quotaCondition } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface ProposalRow {
  readonly proposal_id: string;
  readonly application: string;
  readonly quota_id: string;
  readonly status: string;
  readonly steps: readonly object[];
  readonly limits: readonly object[];
  readonly unset_limits: readonly string[];
  readonly evidence: object | null;
  readonly origin: string;
  readonly opened_at: string;
  readonly opened_by: object;
  readonly reason: string;
  readonly command_id: string | null;
  readonly expires_at: string;
  readonly closed_at: string | null;
  readonly closed_by: object | null;
  readonly closed_reason: string | null;
  readonly stream_version: string;
}

const STATUSES = ['open', 'approved', 'rejected', 'expired', 'withdrawn', 'all'] as const;

/** `<application>-p<number>`. */
const PROPOSAL_ID = /^([^/]+)-p\d+$/;
/** By application and then by number: p9 before p10. Such as the indexes have it. */
const COLUMNS = 'application, length(proposal_id), proposal_id';
const PLACE = `(${COLUMNS})`;

export function proposalRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/proposals', async (request, response) => {
    response.json(await listProposals(request, models));
  });
  router.get('/v1/proposals/:proposalId', async (request, response) => {
    response.json(await findProposal(request, models));
  });
}

/** What is beyond reach is answered as what is not there: an id tells nobody whose it is. */
async function findProposal(request: Request, models: ReadModels): Promise<object> {
  new Parameters(request, []).finish();
  const proposalId = String(request.params['proposalId']).replaceAll('\0', '');
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<ProposalRow>(
    'SELECT * FROM proposals WHERE proposal_id = $1',
    [proposalId],
  );
  const [row] = rows;
  if (row === undefined || !reaches(request.reach, row.quota_id)) {
    throw new Problem(404, 'PROPOSAL_UNKNOWN', 'There is no such proposal.', {
      extensions: { lag: lag === null ? null : longToJson(lag) },
    });
  }
  return { ...proposalJson(row), lag };
}

async function listProposals(request: Request, models: ReadModels): Promise<object> {
  const names = ['application', 'quotaId', 'status', 'after', 'limit'];
  const parameters = new Parameters(request, names);
  const limit = parameters.limit();
  const status = parameters.oneOf('status', STATUSES, 'all');
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const filters = new Filters()
    .equal('application', application)
    .within(request.reach, quotaCondition)
    .equal('quota_id', parameters.text('quotaId'))
    .equal('status', status === 'all' ? null : status);
  const after = parameters.cursor((text) => PROPOSAL_ID.test(text));
  if (after !== null) filters.add(`${PLACE} > (?, length(?::text), ?)`, ...placeOf(after));
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<ProposalRow>(
    `SELECT * FROM proposals ${filters.where} ORDER BY ${COLUMNS} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => last.proposal_id);
  return { proposals: page.map(proposalJson), next, lag };
}

function placeOf(proposalId: string): readonly string[] {
  const [, application = ''] = PROPOSAL_ID.exec(proposalId) ?? [];
  return [application, proposalId, proposalId];
}

function proposalJson(row: ProposalRow): object {
  return {
    proposalId: row.proposal_id,
    application: row.application,
    quotaId: row.quota_id,
    status: row.status,
    steps: row.steps,
    limits: row.limits,
    unsetLimits: row.unset_limits,
    evidence: row.evidence,
    origin: row.origin,
    openedAt: row.opened_at,
    openedBy: row.opened_by,
    reason: row.reason,
    commandId: row.command_id,
    expiresAt: row.expires_at,
    closedAt: row.closed_at,
    closedBy: row.closed_by,
    closedReason: row.closed_reason,
    streamVersion: BigInt(row.stream_version),
  };
}
