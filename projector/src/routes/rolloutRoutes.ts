import { ancestorsOf } from '@prorata/quota-model';
import { longToJson } from '@prorata/schemas';
import { Problem, reaches } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { mustReachInto, quotaCondition } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface RolloutRow {
  readonly rollout_id: string;
  readonly application: string;
  readonly quota_id: string;
  readonly quotas: readonly string[];
  readonly status: string;
  readonly stage: number;
  readonly stages: readonly object[];
  readonly entered: readonly object[];
  readonly gate: object | null;
  readonly steps: readonly object[];
  readonly baked_at: string;
  readonly started_at: string;
  readonly started_by: object;
  readonly reason: string;
  readonly command_id: string | null;
  readonly ending: object | null;
  readonly changed_at: string;
  readonly changed_by: object;
  readonly changed_reason: string;
  readonly stream_version: string;
}

export const ROLLOUT_STATUSES = ['on', 'paused', 'promoted', 'rolled_back', 'all'] as const;

/** `<application>-r<number>`. */
const ROLLOUT_ID = /^([^/]+)-r\d+$/;
/** By application and then by number: r9 before r10. Such as the index has it. */
const COLUMNS = 'application, length(rollout_id), rollout_id';

export function rolloutRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/rollouts', async (request, response) => {
    response.json(await listRollouts(request, models));
  });
  router.get('/v1/rollouts/:rolloutId', async (request, response) => {
    response.json(await findRollout(request, models));
  });
}

/** What is beyond reach is answered as what is not there: an id tells nobody whose it is. */
async function findRollout(request: Request, models: ReadModels): Promise<object> {
  new Parameters(request, []).finish();
  const rolloutId = String(request.params['rolloutId']).replaceAll('\0', '');
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<RolloutRow>(
    'SELECT * FROM rollouts WHERE rollout_id = $1',
    [rolloutId],
  );
  const [row] = rows;
  if (row === undefined || !reaches(request.reach, row.quota_id)) {
    throw new Problem(404, 'ROLLOUT_UNKNOWN', 'There is no such rollout.', {
      extensions: { lag: lag === null ? null : longToJson(lag) },
    });
  }
  return { ...rolloutJson(row), lag };
}

async function listRollouts(request: Request, models: ReadModels): Promise<object> {
  const names = ['application', 'quotaId', 'status', 'after', 'limit'];
  const parameters = new Parameters(request, names);
  const limit = parameters.limit();
  const status = parameters.oneOf('status', ROLLOUT_STATUSES, 'all');
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const quotaId = parameters.text('quotaId');
  const filters = new Filters()
    .equal('application', application)
    .within(request.reach, quotaCondition)
    .equal('status', status === 'all' ? null : status);
  if (quotaId !== null) filters.add('quotas @> to_jsonb(?::text)', quotaId);
  const after = parameters.cursor((text) => ROLLOUT_ID.test(text));
  if (after !== null) {
    const [, of = ''] = ROLLOUT_ID.exec(after) ?? [];
    filters.add(`(${COLUMNS}) > (?, length(?::text), ?)`, of, after, after);
  }
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<RolloutRow>(
    `SELECT * FROM rollouts ${filters.where} ORDER BY ${COLUMNS} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => last.rollout_id);
  return { rollouts: page.map(rolloutJson), next, lag };
}

/** The rollout that is on at a quota or above it, in short; null: none is. No two are on one path. */
export async function rolloutAt(models: ReadModels, quotaId: string): Promise<object | null> {
  const { rows } = await models.pool.query<RolloutRow>(
    "SELECT * FROM rollouts WHERE status IN ('on', 'paused') AND quotas ?| $1::text[] LIMIT 1",
    [[quotaId, ...ancestorsOf(quotaId)]],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { rollout_id: rolloutId, status, stage, stages, quotas } = row;
  const selector = stages.at(stage);
  return { rolloutId, status, stage, stages: stages.length, adds: selector, quotas };
}

function rolloutJson(row: RolloutRow): object {
  return {
    rolloutId: row.rollout_id,
    application: row.application,
    quotaId: row.quota_id,
    quotas: row.quotas,
    status: row.status,
    stage: row.stage,
    stages: row.stages,
    entered: row.entered,
    gate: row.gate,
    steps: row.steps,
    bakedAt: row.baked_at,
    startedAt: row.started_at,
    startedBy: row.started_by,
    reason: row.reason,
    commandId: row.command_id,
    ending: row.ending,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
    changedReason: row.changed_reason,
    streamVersion: BigInt(row.stream_version),
  };
}
