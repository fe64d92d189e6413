/** When a staged resize of a quota was last rolled back: what hosts did not stand is not tried again at once. */
import type { TreeStep } from '@prorata/schemas';
import type { ApplicationState, QuotaState } from '../model.ts';

/** Remembers it of each resize among the steps. No quota's version rises: nothing of it changed. */
export function rememberRollBack(
  { quotas }: Pick<ApplicationState, 'quotas'>,
  steps: readonly TreeStep[],
  at: bigint,
): void {
  for (const { resize } of steps) {
    const quota = resize === null ? undefined : quotas.get(resize.quotaId);
    if (resize === null || quota === undefined) continue;
    const rolledBack = new Map(quota.rolledBack ?? []).set(resize.limit.resource, at);
    quotas.set(quota.quotaId, { ...quota, rolledBack });
  }
}

/** What is left to remember once a resize of the resource has come through. */
export function withoutRollBack(
  { rolledBack }: Pick<QuotaState, 'rolledBack'>,
  resource: string,
): QuotaState['rolledBack'] {
  if (rolledBack?.has(resource) !== true) return rolledBack;
  const left = [...rolledBack].filter(([each]) => each !== resource);
  return left.length === 0 ? null : new Map(left);
}

/**
 * When a staged resize of the resource was last rolled back, microseconds; null: none was, or one has come through
 * since.
 */
export function rolledBackAt(
  quota: Pick<QuotaState, 'rolledBack'>,
  resource: string,
): bigint | null {
  return quota.rolledBack?.get(resource) ?? null;
}
