import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { mustReachInto } from './access.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface ApplicationRow {
  readonly application: string;
  readonly display_name: string;
  readonly levels: object;
  readonly resources: object;
  readonly default_mode: string;
  readonly default_on_stale: string;
  readonly robot_changes: string;
  readonly proposal_lifetime_micros: string;
  readonly version: string;
  readonly attributes_schema: object | null;
  readonly rules: object;
  readonly validators: object;
  readonly rightsizing: object;
  readonly change_policy: object;
  readonly dispatchers: object;
  readonly robot_rollout: object | null;
  readonly actor: object;
  readonly reason: string;
  readonly stream_version: string;
  readonly updated_at: string;
}

/** A registration as it was sent last: what checks hold, and whom the gateway asks before it publishes. */
export function applicationRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/applications/:application', async (request, response) => {
    response.setHeader('cache-control', 'no-store');
    response.json(await findApplication(request, models));
  });
}

async function findApplication(request: Request, models: ReadModels): Promise<object> {
  new Parameters(request, []).finish();
  const asked = String(request.params['application']).replaceAll('\0', '');
  mustReachInto(request.reach, asked);
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<ApplicationRow>(
    'SELECT * FROM applications WHERE application = $1',
    [asked],
  );
  const [row] = rows;
  if (row === undefined) {
    throw new Problem(404, 'APPLICATION_UNKNOWN', 'There is no such application.');
  }
  return { ...applicationJson(row), lag };
}

function applicationJson(row: ApplicationRow): object {
  return {
    application: row.application,
    version: BigInt(row.version),
    streamVersion: BigInt(row.stream_version),
    displayName: row.display_name,
    levels: row.levels,
    resources: row.resources,
    defaultMode: row.default_mode,
    defaultOnStale: row.default_on_stale,
    robotChanges: row.robot_changes,
    proposalLifetimeMicros: BigInt(row.proposal_lifetime_micros),
    attributesSchema: row.attributes_schema,
    rules: row.rules,
    validators: row.validators,
    rightsizing: row.rightsizing,
    changePolicy: row.change_policy,
    dispatchers: row.dispatchers,
    robotRollout: row.robot_rollout,
    actor: row.actor,
    reason: row.reason,
    updatedAt: row.updated_at,
  };
}
