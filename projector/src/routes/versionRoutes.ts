import { longToJson } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import type { ActorJson } from '../rows/jsonForms.ts';
import { mustReach } from './access.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface VersionRow {
  readonly quota_id: string;
  readonly version: string;
  readonly ended: string | null;
  readonly type: string;
  readonly from_version: string | null;
  readonly content: Readonly<Record<string, unknown>>;
  readonly content_hash: string;
  readonly stream_version: string;
  readonly event_id: string;
  readonly actor: ActorJson;
  readonly reason: string;
  readonly command_id: string | null;
  readonly decided_at: string;
}

const WHOLE_NUMBER = /^\d{1,18}$/;

/**
 * What a quota declared, version by version; of one that was deleted what its last life declared, so
 * that it can be created anew.
 */
export function versionRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/quotas/:quotaId/versions', async (request, response) => {
    response.json(await listVersions(request, models));
  });
  router.get('/v1/quotas/:quotaId/versions/:version', async (request, response) => {
    const { row, lag } = await findVersion(request, models);
    response.json({ ...versionJson(row), content: row.content, lag });
  });
}

async function listVersions(request: Request, models: ReadModels): Promise<object> {
  const quotaId = quotaIdIn(request);
  const parameters = new Parameters(request, ['order', 'after', 'limit']);
  const limit = parameters.limit();
  const order = parameters.oneOf('order', ['asc', 'desc'], 'desc');
  const after = parameters.cursor((text) => WHOLE_NUMBER.test(text));
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const life = await lifeOf(quotaId, models, lag);
  if (after !== null) life.filters.add(`version ${order === 'asc' ? '>' : '<'} ?`, after);
  const { filters } = life;
  const { rows } = await models.pool.query<VersionRow>(
    `SELECT * FROM quota_versions ${filters.where} ORDER BY version ${order} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => last.version);
  return { quotaId, isDeleted: life.isDeleted, versions: page.map(versionJson), next, lag };
}

/** What held at the version: of one that left the content as it was, the content from before. */
async function findVersion(
  request: Request,
  models: ReadModels,
): Promise<{ readonly row: VersionRow; readonly lag: bigint | null }> {
  new Parameters(request, []).finish();
  const quotaId = quotaIdIn(request);
  const asked = String(request.params['version']);
  const lag = await models.lag.measure(projectedTopics);
  const { filters } = await lifeOf(quotaId, models, lag);
  if (WHOLE_NUMBER.test(asked)) {
    filters.add('version <= ?', asked);
    filters.add(
      '? <= coalesce((SELECT version FROM quotas WHERE quotas.quota_id = quota_versions.quota_id), ?)',
      ...[asked, asked],
    );
    const { rows } = await models.pool.query<VersionRow>(
      `SELECT * FROM quota_versions ${filters.where} ORDER BY version DESC LIMIT 1`,
      filters.values,
    );
    if (rows[0] !== undefined) return { row: rows[0], lag };
  }
  throw unknown('VERSION_UNKNOWN', `${quotaId} has no version ${asked}.`, lag);
}

/** The rows of the quota that there is, or else of the last one of that id. */
async function lifeOf(
  quotaId: string,
  models: ReadModels,
  lag: bigint | null,
): Promise<{ readonly filters: Filters; readonly isDeleted: boolean }> {
  // The first of a descending order is NULL: the quota that is there.
  const { rows } = await models.pool.query<Pick<VersionRow, 'ended'>>(
    'SELECT ended FROM quota_versions WHERE quota_id = $1 ORDER BY ended DESC LIMIT 1',
    [quotaId],
  );
  const [life] = rows;
  if (life === undefined) throw unknown('QUOTA_UNKNOWN', `There is no quota ${quotaId}.`, lag);
  const filters = new Filters().equal('quota_id', quotaId).equal('ended', life.ended);
  if (life.ended === null) filters.add('ended IS NULL');
  return { filters, isDeleted: life.ended !== null };
}

/** @throws Problem 403 when it is not within reach */
function quotaIdIn(request: Request): string {
  const quotaId = String(request.params['quotaId']);
  mustReach(request.reach, quotaId);
  return quotaId.replaceAll('\0', '');
}

function unknown(code: string, detail: string, lag: bigint | null): Problem {
  const extensions = { lag: lag === null ? null : longToJson(lag) };
  return new Problem(404, code, detail, { extensions });
}

function versionJson(row: VersionRow): object {
  return {
    quotaId: row.quota_id,
    version: BigInt(row.version),
    type: row.type,
    fromVersion: row.from_version === null ? null : BigInt(row.from_version),
    contentHash: row.content_hash,
    streamVersion: BigInt(row.stream_version),
    eventId: row.event_id,
    actor: row.actor,
    reason: row.reason,
    commandId: row.command_id,
    decidedAt: row.decided_at,
  };
}
