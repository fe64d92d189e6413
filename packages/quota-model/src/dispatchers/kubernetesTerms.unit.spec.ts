import type { ResourceDeclaration } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { addressesOf, settingsViolations } from './settingsViolations.ts';

const resources = new Map(
  (
    [
      ['cpu', 'capacity', 'milli-vcore'],
      ['cores', 'capacity', 'vcore'],
      ['mcores', 'capacity', 'mcore'],
      ['memory', 'capacity', 'byte'],
      ['gigabytes', 'capacity', 'gigabyte'],
      ['gpu', 'capacity', 'gpu'],
      ['gpu-parts', 'capacity', 'milli-gpu'],
      ['pods', 'concurrency', 'pod'],
      ['tokens', 'rate', 'token'],
    ] as const
  ).map(([name, kind, unit]): [string, ResourceDeclaration] => [
    name,
    { name, kind, unit, total: null, totalSource: null },
  ]),
);

const namespace = { template: '{2}', depth: 2 };

function faultsOf(
  settings: object,
  target = 'https://cluster.example.test:6443',
): readonly string[] {
  const dispatcher = {
    name: 'cluster',
    kind: 'kubernetes',
    target,
    secretRef: null,
    settings: JSON.stringify({ namespace, hard: { pods: 'pods' }, ...settings }),
  } as const;
  return settingsViolations(dispatcher, '/d', resources).map(({ path }) => path);
}

describe('the settings of a cluster', () => {
  it.each([
    { hard: { 'requests.cpu': 'cpu', 'limits.cpu': 'cores', 'requests.memory': 'memory' } },
    {
      hard: { 'requests.nvidia.com/gpu': 'gpu', 'count/jobs.batch': 'pods', 'count/pods': 'pods' },
    },
    { hard: { 'gold.storageclass.storage.k8s.io/requests.storage': 'memory' } },
    { namespace: { attribute: 'namespace' }, caRef: 'cluster-ca' },
    { priorityClasses: { 0: ['critical'], 4: ['batch', 'preemptible'] } },
  ])('are taken: %o', (settings) => {
    expect(faultsOf(settings)).toEqual([]);
  });

  // A wrong unit is a thousandfold licence, and the API server takes most of these without a word.
  it.each([
    ['cores in a unit that nobody knows', 'requests.cpu', 'mcores'],
    ['memory in a unit that nobody knows', 'requests.memory', 'gigabytes'],
    ['parts of a GPU', 'requests.nvidia.com/gpu', 'gpu-parts'],
    ['GPUs in bytes', 'requests.nvidia.com/gpu', 'memory'],
    ['GPUs by limits', 'limits.nvidia.com/gpu', 'gpu'],
    ['GPUs by their own name', 'nvidia.com/gpu', 'gpu'],
    ['a rate', 'pods', 'tokens'],
    ['a resource that is none', 'pods', 'nothing'],
    ['a bound that is none', 'nonsense', 'pods'],
    ['a bound with a line break', 'pods\n', 'pods'],
  ])('refuse %s', (_, key, resource) => {
    const pointer = key.replaceAll('/', '~1');
    expect(faultsOf({ hard: { [key]: resource } })).toEqual([`/d/settings/hard/${pointer}`]);
  });

  it('refuse a bound that the pods of some priority classes alone are not held to', () => {
    const priorityClasses = { 0: ['critical'] };
    const hard = { pods: 'pods', 'count/jobs.batch': 'pods', 'requests.storage': 'memory' };
    expect(faultsOf({ hard, priorityClasses })).toEqual([
      '/d/settings/hard/count~1jobs.batch',
      '/d/settings/hard/requests.storage',
    ]);
  });

  it.each([
    [{ namespace: { template: '{3}', depth: 2 } }, '/d/settings/namespace/template'],
    [{ namespace: { template: 'UPPER', depth: 2 } }, '/d/settings/namespace/template'],
    [{ priorityClasses: { 5: ['x'] } }, '/d/settings/priorityClasses/5'],
    [{ hard: {} }, '/d/settings/hard'],
    [{ token: 'secret' }, '/d/settings/token'],
  ])('refuse %o', (settings, path) => {
    expect(faultsOf(settings)).toContain(path);
  });

  it.each(['http://cluster.example.test', 'cluster.example.test:6443', 'https://user:pw@cluster'])(
    'refuse the target %s',
    (target) => {
      expect(faultsOf({}, target)).toEqual(['/d/target']);
    },
  );

  it('name the address of the API, for an operator to allow it', () => {
    const target = 'https://cluster.example.test:6443';
    const dispatcher = { name: 'd', kind: 'kubernetes', target, secretRef: null } as const;
    expect(addressesOf({ ...dispatcher, settings: null })).toEqual([
      { path: '/target', url: target },
    ]);
  });
});
