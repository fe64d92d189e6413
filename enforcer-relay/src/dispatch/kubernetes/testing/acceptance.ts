/** What two platforms want of a cluster: training jobs whose GPUs go by tier, and teams with namespaces. */
import type { KubernetesSettings } from '@prorata/quota-model';
import type { DispatchedSet } from '../../dispatcher.ts';
import { capacity, concurrency, dispatchedSet, resource } from '../../testing/dispatchedSets.ts';

export interface Acceptance {
  readonly settings: KubernetesSettings;
  readonly set: DispatchedSet;
}

const gpus = (gpu: bigint, vcores: bigint, pods: bigint) => [
  capacity('gpu', gpu),
  capacity('cpu', vcores * 1_000n),
  concurrency('pods', pods),
];

/** One namespace for all jobs: the priority class of a job's pods says against which quota it counts. */
export const training: Acceptance = {
  settings: {
    namespace: { template: 'ml-training', depth: 3 },
    hard: { 'requests.nvidia.com/gpu': 'gpu', 'requests.cpu': 'cpu', pods: 'pods' },
    priorityClasses: { 0: ['flagship'], 3: ['preemptible', 'batch'] },
  },
  set: dispatchedSet(
    'training',
    [
      resource('gpu', 'capacity', 'gpu'),
      resource('cpu', 'capacity', 'milli-vcore'),
      resource('pods', 'concurrency', 'pod'),
    ],
    {
      'training/research': { limits: gpus(64n, 512n, 100n), rule: { tier: 0 } },
      'training/research/flagship': { limits: gpus(56n, 448n, 60n), rule: { tier: 0 } },
      'training/research/exploration': { limits: gpus(8n, 64n, 40n), rule: { tier: 3 } },
    },
  ),
};

/** A namespace for each team and environment, by the quota's path. */
export const pincompute: Acceptance = {
  settings: {
    namespace: { template: '{3}-{2}', depth: 3 },
    hard: {
      'requests.cpu': 'cpu',
      'limits.cpu': 'cpu',
      'limits.memory': 'memory',
      'count/deployments.apps': 'deployments',
    },
  },
  set: dispatchedSet(
    'pincompute',
    [
      resource('cpu', 'capacity', 'milli-vcore'),
      resource('memory', 'capacity', 'byte'),
      resource('deployments', 'concurrency', 'deployment'),
    ],
    {
      'pincompute/prod': { limits: [capacity('cpu', 4_000n)] },
      'pincompute/prod/ads': {
        limits: [
          capacity('cpu', 1_500n),
          capacity('memory', 3n * 2n ** 30n),
          concurrency('deployments', 25n),
        ],
      },
      'pincompute/prod/search': { limits: [capacity('cpu', 2_000n)] },
    },
  ),
};
