import type { KubernetesSettings } from '@prorata/quota-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DispatchedSet } from '../dispatcher.ts';
import { licencesIn } from '../licences.ts';
import { capacity, concurrency, dispatchedSet, resource } from '../testing/dispatchedSets.ts';
import type { QuotaSample } from '../testing/dispatchedSets.ts';
import { kubernetesFormat } from './kubernetesFormat.ts';
import { readManifests } from './manifest.ts';
import type { ResourceQuotaManifest } from './manifest.ts';
import { resourceQuotaName } from './quotaName.ts';
import { pincompute, training } from './testing/acceptance.ts';

type Quotas = Readonly<Record<string, QuotaSample>>;

function manifestsOf(
  settings: KubernetesSettings,
  set: DispatchedSet,
): readonly ResourceQuotaManifest[] {
  const format = kubernetesFormat('cluster', settings);
  const made = format.render(set);
  if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
  expect(format.check(made.text)).toEqual([]);
  expect(licencesIn(format.held(made.text, set), set)).toEqual([]);
  return readManifests(made.text);
}

const cpu: KubernetesSettings = {
  namespace: { template: '{2}', depth: 2 },
  hard: { 'requests.cpu': 'cpu', 'requests.memory': 'memory' },
};
const resources = [
  resource('cpu', 'capacity', 'milli-vcore'),
  resource('memory', 'capacity', 'byte'),
];

const hardOf = (quotas: Quotas): readonly Readonly<Record<string, string>>[] =>
  manifestsOf(cpu, dispatchedSet('moka', resources, quotas)).map(({ spec }) => spec.hard);

describe('ResourceQuotas', () => {
  it('bound the GPUs of training jobs by tier: each tier the pods of its own priority classes', () => {
    const items = manifestsOf(training.settings, training.set);
    expect(items.map(({ metadata }) => [metadata.namespace, metadata.name])).toEqual([
      ['ml-training', 'prorata.training.research.exploration'],
      ['ml-training', 'prorata.training.research.flagship'],
    ]);
    expect(items[0]?.spec).toEqual({
      hard: { pods: '40', 'requests.cpu': '64', 'requests.nvidia.com/gpu': '8' },
      scopeSelector: {
        matchExpressions: [
          { scopeName: 'PriorityClass', operator: 'In', values: ['preemptible', 'batch'] },
        ],
      },
    });
    expect(items[1]?.spec.hard).toMatchObject({ 'requests.nvidia.com/gpu': '56' });
  });

  it('bound the namespaces of a compute platform, a namespace for each team and environment', () => {
    const items = manifestsOf(pincompute.settings, pincompute.set);
    expect(items.map(({ metadata, spec }) => [metadata.namespace, spec.hard])).toEqual([
      [
        'ads-prod',
        {
          'count/deployments.apps': '25',
          'limits.cpu': '1500m',
          'limits.memory': '3221225472',
          'requests.cpu': '1500m',
        },
      ],
      ['search-prod', { 'limits.cpu': '2', 'requests.cpu': '2' }],
    ]);
  });

  it('say exactly what is meant, in the form in which it is read back', () => {
    expect(
      hardOf({ 'moka/a': { limits: [capacity('cpu', 2_000n), capacity('memory', 1_000n)] } }),
    ).toEqual([{ 'requests.cpu': '2', 'requests.memory': '1000' }]);
    const most = 2n ** 63n - 1n;
    expect(
      hardOf({ 'moka/a': { limits: [capacity('cpu', most), capacity('memory', most)] } }),
    ).toEqual([
      { 'requests.cpu': '9223372036854775807m', 'requests.memory': '9223372036854775807' },
    ]);
  });

  it('count no more whole things than the API can, which is fewer than are meant and more than there are', () => {
    const pods = resource('pods', 'concurrency', 'pod');
    const set = dispatchedSet('moka', [pods], {
      'moka/a': { limits: [concurrency('pods', 2n ** 63n - 1n)] },
    });
    const [item] = manifestsOf({ ...cpu, hard: { pods: 'pods' } }, set);
    expect(item?.spec.hard).toEqual({ pods: '9223372036854775' });
  });

  it('let nothing in where a quota is blocked, and bound nothing only where it says unlimited', () => {
    expect(
      hardOf({
        'moka/a': { limits: [capacity('cpu', 'blocked'), capacity('memory', 'unlimited')] },
      }),
    ).toEqual([{ 'requests.cpu': '0' }]);
    expect(hardOf({ 'moka/a': { limits: [capacity('cpu', 0n)] } })).toEqual([
      { 'requests.cpu': '0' },
    ]);
  });

  it.each(['off', 'shadow'] as const)('hold nothing of a rule in mode %s', (mode) => {
    expect(hardOf({ 'moka/a': { limits: [capacity('cpu', 5n)], rule: { mode } } })).toEqual([{}]);
  });

  it('are of quotas that stand for a namespace, not of those above and below', () => {
    const limits = [capacity('cpu', 5n)];
    const set = dispatchedSet('moka', resources, {
      'moka/a': { limits },
      'moka/a/b': { limits },
      'moka/a/b/c': { limits },
    });
    const namespace = { template: 'team-{2}-{3}', depth: 3 };
    expect(
      manifestsOf({ ...cpu, namespace }, set).map(({ metadata }) => metadata.namespace),
    ).toEqual(['team-a-b']);
  });

  it.each([
    [
      'of two quotas over the same pods',
      { 'moka/a': 'x', 'moka/b': 'x' },
      'over the same pods of x',
    ],
    ['of no namespace’s name', { 'moka/a': 'Not_A_Name' }, 'is no namespace'],
    ['of a path out of it', { 'moka/a': '../../secrets' }, 'is no namespace'],
    ['of nothing at all', {}, 'never written'],
  ])('are refused %s', (_, namespaces, reason) => {
    const quotas = Object.entries(namespaces).map(([id, namespace]) => [
      id,
      { limits: [capacity('cpu', 5n)], attributes: { namespace } },
    ]);
    const set = dispatchedSet('moka', resources, Object.fromEntries(quotas) as Quotas);
    const format = kubernetesFormat('cluster', { ...cpu, namespace: { attribute: 'namespace' } });
    const made = format.render(set);
    if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
    expect(format.check(made.text).join(' ')).toContain(reason);
  });

  it('are refused for more namespaces than are kept, before a text is made', () => {
    const limits = [capacity('cpu', 5n)];
    const many = Array.from(
      { length: 2_001 },
      (_, index) => [`moka/n${index}`, { limits }] as const,
    );
    const set = dispatchedSet('moka', resources, Object.fromEntries(many));
    const made = kubernetesFormat('cluster', cpu).render(set);
    expect(made).toMatchObject({ kind: 'refused', reasons: [expect.stringContaining('2000')] });
  });

  it('are refused for a tier whose pods nobody can tell', () => {
    const set = dispatchedSet('moka', resources, {
      'moka/a': { limits: [capacity('cpu', 5n)], rule: { tier: 3 } },
    });
    const made = kubernetesFormat('cluster', { ...cpu, priorityClasses: { 0: ['high'] } }).render(
      set,
    );
    expect(made).toMatchObject({ kind: 'refused', reasons: [expect.stringContaining('tier 3')] });
  });

  it('are made without a dispatcher where kinds, units and names leave no doubt', () => {
    const all = [
      resource('cores', 'capacity', 'milli-vcore'),
      resource('memory', 'capacity', 'byte'),
      resource('scratch-disk', 'capacity', 'byte'),
      resource('a100-gpu', 'capacity', 'gpu'),
      resource('jobs', 'concurrency', 'job'),
      resource('pods', 'concurrency', 'pod'),
      resource('apps', 'concurrency', 'application'),
      resource('tokens', 'rate', 'token'),
    ];
    const limits = [
      ...['cores', 'memory', 'scratch-disk', 'a100-gpu'].map((name) => capacity(name, 5n)),
      ...['jobs', 'pods', 'apps'].map((name) => concurrency(name, 6n)),
    ];
    const set = dispatchedSet('moka', all, {
      'moka/prod': { limits },
      'moka/prod/ads': { limits },
      'moka/test': { limits },
    });
    const format = kubernetesFormat('kubernetes', {});
    const made = format.render(set);
    if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
    const items = readManifests(made.text);
    expect(items.map(({ metadata }) => metadata.namespace)).toEqual(['prod-ads', 'test']);
    expect(items[0]?.spec.hard).toEqual({
      'count/jobs.batch': '6',
      pods: '6',
      'requests.cpu': '5m',
      'requests.memory': '5',
      'requests.nvidia.com/gpu': '5',
      'requests.storage': '5',
    });
  });

  it.each([
    ['nothing that it could bound', [resource('tokens', 'rate', 'token')]],
    [
      'two resources of one name',
      [resource('a-gpu', 'capacity', 'gpu'), resource('b-gpu', 'capacity', 'gpu')],
    ],
  ])('are not guessed for %s', (_, declared) => {
    const set = dispatchedSet('moka', declared, { 'moka/a': { limits: [] } });
    expect(kubernetesFormat('kubernetes', {}).render(set).kind).toBe('refused');
  });

  const amounts = fc.oneof(
    fc.constantFrom('unlimited' as const, 'blocked' as const),
    fc.bigInt(0n, 2n ** 63n - 1n),
    fc.bigInt(0n, 3_000n),
  );

  it('hold just what is meant, whatever the numbers', () => {
    fc.assert(
      fc.property(amounts, amounts, (cores, bytes) => {
        const set = dispatchedSet('moka', resources, {
          'moka/a': { limits: [capacity('cpu', cores), capacity('memory', bytes)] },
        });
        const format = kubernetesFormat('cluster', cpu);
        const made = format.render(set);
        if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
        const meant = (amount: typeof cores): bigint | 'unlimited' =>
          amount === 'blocked' ? 0n : amount;
        expect(format.held(made.text, set)).toEqual([
          { quotaId: 'moka/a', resource: 'cpu', most: meant(cores) },
          { quotaId: 'moka/a', resource: 'memory', most: meant(bytes) },
        ]);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the name of a ResourceQuota', () => {
  const segment = fc.stringMatching(/^[ab]([ab-]{0,60}[ab])?$/);
  const ids = fc
    .array(segment, { minLength: 1, maxLength: 7 })
    .map((path) => ['moka', ...path].join('/'));

  it('is a DNS subdomain, and one for each quota', () => {
    fc.assert(
      fc.property(fc.uniqueArray(ids, { maxLength: 50 }), (quotaIds) => {
        const names = quotaIds.map(resourceQuotaName);
        expect(new Set(names).size).toBe(quotaIds.length);
        for (const name of names) {
          expect(name.length).toBeLessThanOrEqual(253);
          for (const label of name.split('.'))
            expect(label).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
