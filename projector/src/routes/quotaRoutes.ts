import { isQuotaId } from '@prorata/quota-model';
import { longToJson } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Request, Response, Router } from 'express';
import type { EffectiveJson } from '../rows/effectiveJson.ts';
import { decidingLayer, sentenceFor } from '../explain/sentence.ts';
import { mustReach, mustReachInto, quotaCondition } from './access.ts';
import { effectiveAnswer, layersAnswer } from './effectiveAnswer.ts';
import { Filters, pageOf } from './filters.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface QuotaRow {
  readonly quota_id: string;
  readonly application: string;
  readonly parent: string;
  readonly owner: string;
  readonly project: string | null;
  readonly tier: number;
  readonly cut_priority: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly stream: string;
  readonly stream_version: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly effective: readonly EffectiveJson[];
  readonly updated_at: string;
}

export function quotaRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/quotas', async (request, response) => {
    response.json(await listQuotas(request, models));
  });
  router.get('/v1/quotas/:quotaId', async (request, response) => {
    const { quota, lag } = await findQuota(request, models);
    sendVersioned(response, quota, { ...quotaJson(quota), lag });
  });
  router.get('/v1/quotas/:quotaId/explain', async (request, response) => {
    const { quota, lag } = await findQuota(request, models);
    const units = await unitsOf(models, quota.application);
    sendVersioned(response, quota, { ...explanationOf(quota, units), lag });
  });
}

async function listQuotas(request: Request, models: ReadModels): Promise<object> {
  const names = ['application', 'owner', 'project', 'parent', 'after', 'limit'];
  const parameters = new Parameters(request, names);
  const limit = parameters.limit();
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const filters = new Filters()
    .equal('application', application)
    .within(request.reach, quotaCondition)
    .equal('owner', parameters.text('owner'))
    .equal('project', parameters.text('project'))
    .equal('parent', parameters.text('parent'));
  const after = parameters.cursor(isQuotaId);
  if (after !== null) filters.add('quota_id > ?', after);
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<QuotaRow>(
    `SELECT * FROM quotas ${filters.where} ORDER BY quota_id LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => last.quota_id);
  return { quotas: page.map(quotaJson), next, lag };
}

async function findQuota(
  request: Request,
  models: ReadModels,
): Promise<{ readonly quota: QuotaRow; readonly lag: bigint | null }> {
  new Parameters(request, []).finish();
  const quotaId = String(request.params['quotaId']);
  mustReach(request.reach, quotaId);
  const lag = await models.lag.measure(projectedTopics);
  const { rows } = await models.pool.query<QuotaRow>('SELECT * FROM quotas WHERE quota_id = $1', [
    quotaId.replaceAll('\0', ''),
  ]);
  const [quota] = rows;
  if (quota !== undefined) return { quota, lag };
  throw new Problem(404, 'QUOTA_UNKNOWN', `There is no quota ${quotaId}.`, {
    extensions: { lag: lag === null ? null : longToJson(lag) },
  });
}

async function unitsOf(
  models: ReadModels,
  application: string,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await models.pool.query<{
    resources: readonly { readonly name: string; readonly unit: string }[];
  }>('SELECT resources FROM applications WHERE application = $1', [application]);
  return new Map(rows[0]?.resources.map(({ name, unit }) => [name, unit]));
}

function quotaJson(quota: QuotaRow): object {
  return {
    quotaId: quota.quota_id,
    application: quota.application,
    parent: quota.parent,
    owner: quota.owner,
    project: quota.project,
    tier: quota.tier,
    cutPriority: quota.cut_priority,
    labels: quota.labels,
    version: BigInt(quota.version),
    stream: quota.stream,
    streamVersion: BigInt(quota.stream_version),
    content: quota.content,
    effective: effectiveAnswer(quota.effective),
    updatedAt: quota.updated_at,
  };
}

/** Per resource: what is in force, why in a sentence, and every layer with who, when, why and evidence. */
export function explanationOf(
  quota: Pick<QuotaRow, 'quota_id' | 'tier' | 'version' | 'project' | 'effective' | 'updated_at'>,
  units: ReadonlyMap<string, string>,
): object {
  const { quota_id: quotaId, tier } = quota;
  return {
    quotaId,
    version: BigInt(quota.version),
    project: quota.project,
    tier,
    updatedAt: quota.updated_at,
    limits: quota.effective.map((effective) => ({
      resource: effective.resource,
      limit: effective.limit,
      boundBy: effective.boundBy,
      decidedBy: decidingLayer(effective, quotaId)?.layer ?? null,
      sentence: sentenceFor(effective, {
        quotaId,
        tier,
        unit: units.get(effective.resource) ?? effective.resource,
      }),
      layers: layersAnswer(effective.layers),
    })),
  };
}

/**
 * The ETag is the quota's own version, for If-Match. It must not answer If-None-Match: an ancestor's
 * change alters what is in force and not the version.
 */
function sendVersioned(response: Response, quota: QuotaRow, body: object): void {
  response.setHeader('etag', `"${quota.version}"`);
  response.setHeader('cache-control', 'no-store');
  response
    .type('application/json')
    .end(
      JSON.stringify(body, (_name, value: unknown) =>
        typeof value === 'bigint' ? longToJson(value) : value,
      ),
    );
}
