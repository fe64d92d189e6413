import { ancestorsOf, declaredLimit } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import type { ResourceLimit } from '@prorata/schemas';

interface Held {
  guaranteed: bigint;
  amount: bigint;
}

/**
 * What is wrong with the sums of a whole tree, by walking all of it: each limit within the nearest one
 * above, guarantees and amounts together within it or within the total. Knows finite amounts only.
 */
export function faultsOfSums(state: ApplicationState): string[] {
  const faults: string[] = [];
  const held = new Map<string, Held>();
  for (const quota of state.quotas.values()) {
    for (const resource of state.registration.resources.keys()) {
      const own = declaredLimit(quota, resource);
      if (own === null) continue;
      const above = nearestAbove(state, quota.quotaId, resource);
      if (above !== null && perSecond(own) > perSecond(above.limit)) {
        faults.push(`${quota.quotaId} has more ${resource} than ${above.quotaId}`);
      }
      const key = `${above?.quotaId ?? state.id} ${resource}`;
      const sum = held.get(key) ?? { guaranteed: 0n, amount: 0n };
      held.set(key, sum);
      sum.guaranteed += own.guaranteed ?? 0n;
      sum.amount += own.amount;
    }
  }
  for (const [key, sum] of held) {
    const [id = '', resource = ''] = key.split(' ');
    faults.push(...faultsUnder(state, id, resource, sum));
  }
  return faults;
}

function faultsUnder(state: ApplicationState, id: string, resource: string, sum: Held): string[] {
  const declared = state.registration.resources.get(resource);
  const quota = state.quotas.get(id);
  const limit = quota === undefined ? null : declaredLimit(quota, resource);
  const total = declared?.total ?? null;
  if (limit === null && total === null) return [];
  const guaranteedMost = limit === null ? (total ?? 0n) : (limit.guaranteed ?? 0n);
  const amountMost = limit === null ? (total ?? 0n) : limit.amount;
  const isOver =
    (declared?.kind === 'capacity' && sum.guaranteed > guaranteedMost) ||
    (declared?.kind === 'consumable' && sum.amount > amountMost);
  return isOver ? [`${id} hands out more ${resource} than it has`] : [];
}

function nearestAbove(
  state: ApplicationState,
  quotaId: string,
  resource: string,
): { readonly quotaId: string; readonly limit: ResourceLimit } | null {
  for (const id of ancestorsOf(quotaId)) {
    const quota = state.quotas.get(id);
    const limit = quota === undefined ? null : declaredLimit(quota, resource);
    if (limit !== null) return { quotaId: id, limit };
  }
  return null;
}

const MICROS_PER_SECOND = 1_000_000n;

function perSecond({ amount, perMicros }: ResourceLimit): bigint {
  return (amount * MICROS_PER_SECOND) / (perMicros ?? MICROS_PER_SECOND);
}
