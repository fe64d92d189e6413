import { applicationOf, declaredLimit, sumOf, wholeMicros } from '@prorata/quota-model';
import type { QuotaState } from '@prorata/quota-model';
import type { Row } from '../database/tables.ts';
import { decimalOfMicros } from './commitmentRow.ts';

/** Of a quota by itself, by resource: what its owner, or the evidence, lets it have at most. */
export function declaredRows(quota: QuotaState): readonly Row[] {
  const { quotaId, content, rightsized } = quota;
  const resources = new Set([...content.limits.map((each) => each.resource), ...rightsized.keys()]);
  return [...resources].flatMap((resource): Row[] => {
    const limit = declaredLimit(quota, resource);
    if (limit === null) return [];
    const sum = sumOf(limit);
    return [
      {
        quota_id: quotaId,
        resource,
        application: applicationOf(quotaId),
        committed: decimalOfMicros(wholeMicros(sum)) ?? 'Infinity',
        guaranteed: sum.guarantees,
      },
    ];
  });
}
