import { applicationOf, parentOf } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { projectOf } from '../payers.ts';
import { jsonObjectOf } from '../validate/jsonObject.ts';
import type { ResourceLimit } from '@prorata/schemas';
import { CelLimit, CelQuota, CelResource } from './celEnvironment.ts';
import type { CelVariables } from './celEnvironment.ts';

/** Even an empty quota has an id, an owner and what the application declares. */
export const SIZE_MIN = 16;
/** Characters are compared so many at once. */
const CHARACTERS_PER_STEP = 64;

export interface RuleInput {
  readonly variables: CelVariables & Record<string, unknown>;
  /** At least as much as any of the values has items, texts included. */
  readonly size: number;
}

/** The quota as it stands in the state, base and rightsized, with its parent. */
export function ruleVariables(state: ApplicationState, quota: QuotaState): RuleInput {
  const { resources } = state.registration;
  const own = partsOf(state, quota, quota.quotaId);
  const parent = state.quotas.get(parentOf(quota.quotaId)) ?? null;
  const above = partsOf(state, parent, parentOf(quota.quotaId));
  const variables = {
    quota: own.quota,
    limits: own.limits,
    labels: own.labels,
    attributes: own.attributes,
    hasParent: parent !== null,
    parent: above.quota,
    parentLimits: above.limits,
    parentLabels: above.labels,
    parentAttributes: above.attributes,
    resources: new Map(
      [...resources.values()].map(({ name, kind, unit }) => [name, new CelResource(kind, unit)]),
    ),
  };
  return { variables, size: Math.max(SIZE_MIN, resources.size, own.size, above.size) };
}

/** @param quota null: nothing is there, as above the first level; every text is empty then */
function partsOf(state: ApplicationState, quota: QuotaState | null, quotaId: string) {
  const content = quota?.content;
  const { defaultMode, defaultOnStale } = state.registration;
  const labels = new Map(Object.entries(content?.labels ?? {}));
  const attributes = celMap(jsonObjectOf(content?.attributes ?? '{}') ?? {});
  const segments = quotaId.split('/');
  return {
    quota: new CelQuota({
      id: quota === null ? '' : quotaId,
      name: quota === null ? '' : (segments.at(-1) ?? ''),
      depth: quotaId === applicationOf(quotaId) ? 0n : BigInt(segments.length - 1),
      owner: content?.owner ?? '',
      project: (quota === null ? null : projectOf(state, quotaId)) ?? '',
      tier: BigInt(content?.tier ?? 0),
      cutPriority: BigInt(content?.cutPriority ?? 0),
      action: content?.action ?? '',
      mode: quota === null ? '' : (content?.mode ?? defaultMode),
      onStale: quota === null ? '' : (content?.onStale ?? defaultOnStale),
    }),
    limits: quota === null ? new Map<string, CelLimit>() : limitsOf(quota),
    labels,
    attributes,
    size: labels.size + sizeOf(content?.attributes ?? ''),
  };
}

function limitsOf(quota: QuotaState): Map<string, CelLimit> {
  return new Map(
    quota.content.limits.map((limit) => [
      limit.resource,
      celLimit(declaredLimit(quota, limit.resource) ?? limit),
    ]),
  );
}

function celLimit(limit: ResourceLimit): CelLimit {
  return new CelLimit({
    kind: limit.kind,
    bound: limit.bound,
    amount: limit.amount,
    guaranteed: limit.guaranteed ?? 0n,
    burst: limit.burst ?? 0n,
    perMicros: limit.perMicros ?? 0n,
    window: limit.window ?? '',
  });
}

/** Every item of a JSON text takes two characters at least, and the comparison of texts is quick. */
function sizeOf(json: string): number {
  let separators = 1;
  for (const character of json) if (',:[{'.includes(character)) separators++;
  return separators + Math.ceil(json.length / CHARACTERS_PER_STEP);
}

/** Whole numbers become CEL's int, others double; objects become maps, which have no inherited names. */
function celValue(json: unknown): unknown {
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (typeof json !== 'object' || json === null) return json;
  return Array.isArray(json) ? json.map(celValue) : celMap(json as Record<string, unknown>);
}

function celMap(json: Readonly<Record<string, unknown>>): Map<string, unknown> {
  return new Map(Object.entries(json).map(([name, value]) => [name, celValue(value)]));
}
