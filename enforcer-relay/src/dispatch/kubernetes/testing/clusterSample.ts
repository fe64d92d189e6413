/** An application of training jobs and its dispatcher to a cluster. */
import type { KubernetesSettings } from '@prorata/quota-model';
import type { Dispatcher } from '@prorata/schemas';
import type { DispatchedSet, Format, TargetAccess } from '../../dispatcher.ts';
import { resource } from '../../testing/dispatchedSets.ts';
import { noAccess } from '../../testing/targetAccess.ts';
import type { ClusterDouble } from './clusterDouble.ts';

export const TOKEN = 'tok-5f1c0b7e';

export const resources = [
  resource('cpu', 'capacity', 'milli-vcore'),
  resource('memory', 'capacity', 'byte'),
  resource('gpu', 'capacity', 'gpu'),
  resource('jobs', 'concurrency', 'job'),
];

export function dispatcherTo(
  target: string,
  settings: Partial<KubernetesSettings> = {},
): Dispatcher {
  const all: KubernetesSettings = {
    namespace: { attribute: 'namespace' },
    hard: {
      'requests.cpu': 'cpu',
      'requests.memory': 'memory',
      'requests.nvidia.com/gpu': 'gpu',
      'count/jobs.batch': 'jobs',
    },
    ...settings,
  };
  const base = { name: 'cluster', kind: 'kubernetes', secretRef: 'cluster-token' } as const;
  return { ...base, target, settings: JSON.stringify(all) };
}

export function accessTo({ request }: Pick<ClusterDouble, 'request'>): TargetAccess {
  return { ...noAccess, secret: () => Promise.resolve(TOKEN), request };
}

/** `moka/prod/ads` in the namespace `prod-ads`, without a word of it in the quotas. */
export function inNamespaces(format: Format): Format {
  const placed = (set: DispatchedSet): DispatchedSet => ({
    ...set,
    quotas: set.quotas.map((quota) => ({
      ...quota,
      attributes: { namespace: quota.rule.quotaId.split('/').slice(1).join('-') },
    })),
  });
  return {
    render: (set) => format.render(placed(set)),
    check: (text) => format.check(text),
    held: (text, set) => format.held(text, placed(set)),
  };
}
