import type { EffectiveJson } from '../rows/effectiveJson.ts';
import type { LimitJson } from '../rows/jsonForms.ts';
import type { quotaAsOf } from './quotaAsOf.ts';

type QuotaThen = ReturnType<typeof quotaAsOf>;

/** How one quota differs between two moments. */
export interface QuotaDifference {
  readonly quotaId: string;
  readonly change: 'created' | 'deleted' | 'changed';
  readonly before: Place | null;
  readonly after: Place | null;
  /** What is declared, the payer with what is inherited. */
  readonly fields: readonly {
    readonly field: string;
    readonly before: unknown;
    readonly after: unknown;
  }[];
  /** What is in force. */
  readonly limits: readonly {
    readonly resource: string;
    readonly before: InForce | null;
    readonly after: InForce | null;
  }[];
}

/** Which version it was, and the last event that could alter it. */
interface Place {
  readonly version: bigint;
  readonly streamVersion: bigint;
  readonly updatedAt: string;
}

interface InForce {
  readonly limit: LimitJson;
  readonly boundBy: string;
  /** From the lowest up. */
  readonly layers: readonly { readonly layer: string; readonly limit: LimitJson }[];
}

/**
 * null: it is the same at both moments but for its version, or there at neither. A version counts what left
 * nothing behind, too: an override that was set and lifted between them.
 */
export function differenceOf(
  quotaId: string,
  before: QuotaThen | null,
  after: QuotaThen | null,
): QuotaDifference | null {
  const lastBefore = before?.stream_version ?? null;
  if (lastBefore === (after?.stream_version ?? null)) return null;
  const fields = fieldsOf(before, after);
  const limits = limitsOf(before, after);
  if (fields.length === 0 && limits.length === 0) return null;
  return {
    quotaId,
    change: before === null ? 'created' : after === null ? 'deleted' : 'changed',
    before: placeOf(before),
    after: placeOf(after),
    fields,
    limits,
  };
}

function fieldsOf(before: QuotaThen | null, after: QuotaThen | null): QuotaDifference['fields'] {
  const [a, b] = [declaredOf(before), declaredOf(after)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names
    .map((field) => ({ field, before: a[field] ?? null, after: b[field] ?? null }))
    .filter((each) => !sameJson(each.before, each.after));
}

function declaredOf(quota: QuotaThen | null): Readonly<Record<string, unknown>> {
  return quota === null ? {} : { ...quota.content, project: quota.project };
}

function limitsOf(before: QuotaThen | null, after: QuotaThen | null): QuotaDifference['limits'] {
  const [a, b] = [inForceOf(before), inForceOf(after)];
  const resources = [...new Set([...a.keys(), ...b.keys()])].sort();
  return resources
    .map((resource) => ({
      resource,
      before: a.get(resource) ?? null,
      after: b.get(resource) ?? null,
    }))
    .filter((each) => !sameJson(each.before, each.after));
}

function inForceOf(quota: QuotaThen | null): ReadonlyMap<string, InForce> {
  return new Map((quota?.effective ?? []).map((each) => [each.resource, plain(each)]));
}

function plain({ limit, boundBy, layers }: EffectiveJson): InForce {
  return {
    limit,
    boundBy,
    layers: layers.map((each) => ({ layer: each.layer, limit: each.limit })),
  };
}

function placeOf(quota: QuotaThen | null): Place | null {
  if (quota === null) return null;
  const { version, stream_version: streamVersion, updated_at: updatedAt } = quota;
  return { version, streamVersion, updatedAt };
}

/** Members come in one order: both sides are made by the same function from the same record. */
function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
