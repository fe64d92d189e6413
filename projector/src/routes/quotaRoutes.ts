import { applicationOf, isQuotaId } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import type { EffectiveJson } from '../rows/effectiveJson.ts';
import { decidingLayer, sentenceFor } from '../explain/sentence.ts';
import { rangesAfter, rangesInAll, rangesInReach, rangesOfTree } from '../history/idRanges.ts';
import { mustHaveCome } from '../history/mustHaveCome.ts';
import { momentIn, momentText } from '../history/moment.ts';
import type { Moment } from '../history/moment.ts';
import { quotaAsOf } from '../history/quotaAsOf.ts';
import { pathAt, pathsAt, unitsAt } from '../history/spans.ts';
import { mustReach, mustReachInto } from './access.ts';
import { effectiveAnswer, layersAnswer } from './effectiveAnswer.ts';
import { pageOf } from './filters.ts';
import { evidenceTermsAt } from './evidenceTerms.ts';
import { rolloutAt } from './rolloutRoutes.ts';
import { Parameters } from './parameters.ts';
import { quotaTag } from './quotaTag.ts';
import { cursorOfRow, QUESTIONS, questionIn, sortColumns } from './quotaQuestion.ts';
import { lagMember, projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';
import { withinIn } from './within.ts';

/** A quota as its table has it, or as it follows from its history. */
export type QuotaFacts = QuotaRow | ReturnType<typeof quotaAsOf>;

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

/** What a listing of a past moment may be narrowed by. */
const TREE_FILTERS: readonly string[] = ['application', 'within'];

export function quotaRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/quotas', async (request, response) => {
    response.json(await listQuotas(request, models));
  });
  router.get('/v1/quotas/:quotaId', async (request, response) => {
    const found = await findQuota(request, models);
    const tag = tagOf(found);
    if (tag !== null) response.setHeader('etag', tag);
    response.json({ ...quotaJson(found.quota), ...asked(found) });
  });
  router.get('/v1/quotas/:quotaId/explain', async (request, response) => {
    const found = await findQuota(request, models);
    const units = await unitsOf(models, found.quota.application, found.moment);
    const ofNow = found.moment === null ? await explainedNow(models, found.quota.quota_id) : notNow;
    response.json({ ...explanationOf(found.quota, units), ...ofNow, ...asked(found) });
  });
}

/** What is known of now alone. */
async function explainedNow(models: ReadModels, quotaId: string): Promise<object> {
  const [rollout, rightsizing] = await Promise.all([
    rolloutAt(models, quotaId),
    evidenceTermsAt(models, quotaId),
  ]);
  return { rollout, rightsizing };
}

const notNow = { rollout: null, rightsizing: null };

async function listQuotas(request: Request, models: ReadModels): Promise<object> {
  const parameters = new Parameters(request, [...QUESTIONS, 'asOf', 'after', 'limit']);
  const limit = parameters.limit();
  const moment = momentIn(parameters, 'asOf');
  if (moment !== null) {
    const after = parameters.cursor(isQuotaId);
    return listAsOf(request, models, parameters, { limit, after, moment });
  }
  const { filters, sort, order } = questionIn(request, parameters);
  parameters.finish();
  const lag = await models.lag.measure(projectedTopics);
  const sorting = sortColumns[sort].map((column) => `${column} ${order}`).join(', ');
  const { rows } = await models.searches.query<QuotaRow>(
    `SELECT * FROM quotas ${filters.where} ORDER BY ${sorting} LIMIT ${filters.value(limit + 1)}`,
    filters.values,
  );
  const { page, next } = pageOf(rows, limit, (last) => cursorOfRow(sort, last));
  return { quotas: page.map(quotaJson), next, lag };
}

interface PageAsOf {
  readonly limit: number;
  readonly after: string | null;
  readonly moment: Moment;
}

/** History knows quotas by their ids: a tree, or everything in reach. */
async function listAsOf(
  request: Request,
  models: ReadModels,
  parameters: Parameters,
  { limit, after, moment }: PageAsOf,
): Promise<object> {
  for (const name of QUESTIONS.filter((each) => !TREE_FILTERS.includes(each))) {
    if (parameters.text(name) !== null)
      parameters.report(name, 'is none of those of a past moment');
  }
  const application = parameters.text('application');
  mustReachInto(request.reach, application);
  const within = withinIn(request, parameters) ?? application;
  if (within === null && moment.kind === 'version') {
    parameters.report(
      'asOf',
      'is a version of one application: say which by application or within',
    );
  }
  parameters.finish();
  const ranges = rangesInAll(
    rangesInReach(request.reach),
    ...[within, application].flatMap((top) => (top === null ? [] : [rangesOfTree(top)])),
    ...(after === null ? [] : [rangesAfter(after)]),
  );
  const lag = await models.lag.measure(projectedTopics);
  if (within !== null) await mustHaveCome(models, applicationOf(within), moment, lag);
  const { paths, next } = await pathsAt(models.searches, ranges, moment, limit);
  const quotas = paths.map((path) => quotaJson(quotaAsOf(path)));
  return { asOf: momentText(moment), quotas, next, lag };
}

interface FoundQuota {
  readonly quota: QuotaFacts;
  readonly moment: Moment | null;
  readonly lag: bigint | null;
}

async function findQuota(request: Request, models: ReadModels): Promise<FoundQuota> {
  const parameters = new Parameters(request, ['asOf']);
  const moment = momentIn(parameters, 'asOf');
  parameters.finish();
  const quotaId = String(request.params['quotaId']).replaceAll('\0', '');
  mustReach(request.reach, quotaId);
  const lag = await models.lag.measure(projectedTopics);
  const quota = await (moment === null
    ? quotaNow(models, quotaId)
    : quotaThen(models, quotaId, moment, lag));
  if (quota !== null) return { quota, moment, lag };
  throw moment === null
    ? new Problem(404, 'QUOTA_UNKNOWN', `There is no quota ${quotaId}.`, {
        extensions: lagMember(lag),
      })
    : notThen(quotaId, moment, lag);
}

/** It may be there now, so that nobody need create it. */
function notThen(quotaId: string, moment: Moment, lag: bigint | null): Problem {
  const detail = `There was no quota ${quotaId} as of ${momentText(moment)}.`;
  return new Problem(404, 'QUOTA_UNKNOWN_THEN', detail, { extensions: lagMember(lag) });
}

async function quotaNow(models: ReadModels, quotaId: string): Promise<QuotaFacts | null> {
  const { rows } = await models.pool.query<QuotaRow>('SELECT * FROM quotas WHERE quota_id = $1', [
    quotaId,
  ]);
  return rows[0] ?? null;
}

async function quotaThen(
  models: ReadModels,
  quotaId: string,
  moment: Moment,
  lag: bigint | null,
): Promise<QuotaFacts | null> {
  await mustHaveCome(models, applicationOf(quotaId), moment, lag);
  const path = await pathAt(models.pool, quotaId, moment);
  return path === null ? null : quotaAsOf(path);
}

async function unitsOf(
  models: ReadModels,
  application: string,
  moment: Moment | null,
): Promise<ReadonlyMap<string, string>> {
  if (moment !== null) return unitsAt(models.pool, application, moment);
  const { rows } = await models.pool.query<{
    resources: readonly { readonly name: string; readonly unit: string }[];
  }>('SELECT resources FROM applications WHERE application = $1', [application]);
  return new Map(rows[0]?.resources.map(({ name, unit }) => [name, unit]));
}

export function quotaJson(quota: QuotaFacts): object {
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
  quota: Pick<QuotaFacts, 'quota_id' | 'tier' | 'version' | 'project' | 'effective' | 'updated_at'>,
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

/** A past moment has nothing for If-Match. */
function tagOf({ quota, moment }: FoundQuota): string | null {
  return moment === null ? quotaTag(quota.version, quota.stream_version) : null;
}

const asked = ({ moment, lag }: FoundQuota): object => ({
  ...(moment === null ? {} : { asOf: momentText(moment) }),
  lag,
});
