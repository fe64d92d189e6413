import { applicationOf, isQuotaId, streamOf } from '@prorata/quota-model';
import type { Pool } from 'pg';
import { NAMED_BY } from '../rows/namedInSteps.ts';
import type { Condition } from './filters.ts';

/** Proposals of one quota's history, the latest: an application has 1,000 open ones at most. */
const PROPOSALS_MAX = 1_000;

/**
 * Rows of the audit log about no one quota that tell of a proposal whose steps name this quota, as they were
 * sent, and of what became of it; null: there is none. Earlier ones than the latest 1,000 are left out.
 */
export async function namingProposals(
  pool: Pick<Pool, 'query'>,
  quotaId: string,
): Promise<Condition | null> {
  if (!isQuotaId(quotaId)) return null;
  const stream = streamOf('application', applicationOf(quotaId));
  const steps = NAMED_BY.map(([step, member]) =>
    JSON.stringify([{ [step]: { [member]: quotaId } }]),
  );
  const { rows } = await pool.query<{ proposal_id: string }>(FIND, [stream, steps, PROPOSALS_MAX]);
  if (rows.length === 0) return null;
  return {
    sql: `kind = 'event' AND quota_id IS NULL AND stream = ? AND body ->> 'proposalId' = ANY(?::text[])`,
    values: [stream, rows.map(({ proposal_id: id }) => id)],
  };
}

const FIND =
  `SELECT body ->> 'proposalId' AS proposal_id FROM audit_log WHERE type = 'TreeChangeProposed' ` +
  `AND stream = $1 AND body -> 'steps' @> ANY($2::jsonb[]) ORDER BY decided_at DESC LIMIT $3`;
