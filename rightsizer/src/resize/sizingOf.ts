import { workloadOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import type { LimitKind } from '@prorata/schemas';
import type { ResizePolicy, RightsizedKind } from '../policy.ts';
import { unsqueezable } from '../recommend/classes.ts';
import type { SizingPolicy } from '../recommend/classes.ts';
import type { WorkloadClass } from '../recommend/recommendation.ts';

const kinds: readonly string[] = ['rate', 'concurrency', 'capacity'] satisfies RightsizedKind[];

export function isRightsized(kind: LimitKind): kind is RightsizedKind {
  return kinds.includes(kind);
}

/** The nearest that says so: the quota, those above it, its application, and at last the policy by the limit's kind. */
export function classOf(
  state: ApplicationState,
  quotaId: string,
  limit: { readonly resource: string; readonly kind: RightsizedKind },
  policy: Pick<ResizePolicy, 'classes'>,
): WorkloadClass {
  return workloadOf(state, quotaId, limit.resource) ?? policy.classes[limit.kind];
}

/** A rate may be squeezed: what it refuses comes again. What is there at once may not. */
export function sizingOf(
  workload: WorkloadClass,
  kind: RightsizedKind,
  { sizing }: Pick<ResizePolicy, 'sizing'>,
): SizingPolicy {
  const policy: SizingPolicy = { ...sizing[workload], workload, isSqueezable: true };
  return kind === 'rate' ? policy : unsqueezable(policy);
}
