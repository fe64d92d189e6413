import type { RemoteValidator } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { given } from '../testing/given.ts';
import { noTerms, registered, registeredAs, registration } from '../testing/samples.ts';
import type { CommandData } from '../testing/stamp.ts';

type Terms = CommandData<'RegisterApplication'>;

const register = (more: Partial<Terms>) => ({
  type: 'RegisterApplication' as const,
  data: { ...registration, ...more },
});

const capacity: RemoteValidator = {
  name: 'cluster-capacity',
  url: 'https://capacity.example.test/v1/check',
  deadlineMillis: 2_000,
  retries: 2,
  onUnavailable: 'refuse',
  resources: ['cores'],
  commands: [],
  secretRef: 'capacity-hmac',
};

const dispatcher = {
  name: 'scheduler',
  kind: 'yunikorn',
  target: 'yunikorn/yunikorn-configs',
  secretRef: null,
  settings: null,
} as const;

function pathsOf(more: Partial<Terms>): string[] {
  const { decision } = given().when(register(more));
  return decision.kind === 'refused' ? decision.violations.map(({ path }) => path) : [];
}

const fromCapacity = registration.resources.map((resource) =>
  resource.name === 'cores'
    ? {
        ...resource,
        total: null,
        totalSource: { validator: 'cluster-capacity', maxAgeMicros: 60_000_000n },
      }
    : resource,
);

describe('the terms of a registration', () => {
  it('are kept with a version that every change raises', () => {
    const data = {
      ...registration,
      resources: fromCapacity,
      validators: [capacity],
      dispatchers: [dispatcher],
      rightsizing: [{ resource: 'tokens', min: 1n, max: 9n, workload: null, pinned: false }],
      changePolicy: { ...noTerms.changePolicy, decreaseStepMaxBasisPoints: 1_000 },
    };
    given(registered).when({ type: 'RegisterApplication', data }).then(registeredAs(data, 2n));
    given(registered, registeredAs(data, 2n))
      .when({ type: 'RegisterApplication', data })
      .thenNothing();
  });

  it.each([
    ['raiseApprovalAboveBasisPoints', 1_000_001],
    ['decreaseStepMaxBasisPoints', 10_001],
    ['robotStepMaxBasisPoints', -1],
    ['usageMaxAgeMicros', 0n],
  ])('refuse %s of %s', (name, value) => {
    const changePolicy = { ...noTerms.changePolicy, [name]: value };
    expect(pathsOf({ changePolicy })).toEqual([`/changePolicy/${name}`]);
  });

  it.each([
    ['ftp://host', '/validators/0/url'],
    ['https://user:secret@host/', '/validators/0/url'],
    ['https://host/?token=secret', '/validators/0/url'],
    ['https://HOST/', '/validators/0/url'],
    ['//host/', '/validators/0/url'],
  ])('refuse a validator at %s', (url, path) => {
    expect(pathsOf({ validators: [{ ...capacity, url }] })).toEqual([path]);
  });

  it('refuse a validator whose terms are out of bounds, every fault at once', () => {
    const wrong = {
      ...capacity,
      name: 'A b',
      deadlineMillis: 30_001,
      retries: 6,
      resources: ['nothing'],
      commands: ['DefineBudget'],
      secretRef: 'Bearer abc',
    };
    expect(pathsOf({ validators: [wrong] }).sort()).toEqual(
      [
        '/validators/0/commands/0',
        '/validators/0/deadlineMillis',
        '/validators/0/name',
        '/validators/0/resources/0',
        '/validators/0/retries',
        '/validators/0/secretRef',
      ].sort(),
    );
  });

  it('refuse two of one name, and more than may be', () => {
    expect(pathsOf({ validators: [capacity, capacity] })).toEqual(['/validators/1/name']);
    expect(pathsOf({ dispatchers: Array.from({ length: 17 }, () => dispatcher) })).toEqual([
      '/dispatchers',
    ]);
  });

  it('refuse a total without its validator, or of a validator that is not always asked', () => {
    expect(pathsOf({ resources: fromCapacity })).toEqual(['/resources/0/totalSource/validator']);
    for (const more of [{ commands: ['CreateQuota'] }, { resources: ['tokens'] }]) {
      const validators = [{ ...capacity, ...more }];
      expect(pathsOf({ resources: fromCapacity, validators })).toEqual([
        '/resources/0/totalSource/validator',
      ]);
    }
  });

  it('refuse a total that is declared and a fact, or of a kind that does not sum', () => {
    const source = { validator: 'cluster-capacity', maxAgeMicros: 1n };
    const resources = registration.resources.map((resource) =>
      resource.kind === 'capacity' || resource.kind === 'rate'
        ? { ...resource, totalSource: source }
        : resource,
    );
    const validators = [{ ...capacity, resources: [] }];
    expect(pathsOf({ resources, validators })).toEqual([
      '/resources/0/totalSource',
      '/resources/3/totalSource',
    ]);
  });

  it('refuse a dispatcher without a target, or with settings that are no object', () => {
    const dispatchers = [
      { ...dispatcher, target: '' },
      { ...dispatcher, name: 'hook', kind: 'webhook' as const, target: 'not an address' },
      { ...dispatcher, name: 'list', settings: '[]' },
    ];
    expect(pathsOf({ dispatchers })).toEqual([
      '/dispatchers/0/target',
      '/dispatchers/1/target',
      '/dispatchers/2/settings',
    ]);
  });

  it.each([
    ['../moka/etc', 'file', null],
    ['/etc/passwd', 'file', null],
    ['a//b', 'file', null],
    ['a/../b', 'file', null],
    ['.hidden', 'file', null],
    ['queues.yaml', 'yunikorn', '{"place":"configmap","api":"https://kube.example.test"}'],
    ['https://user:pass@host/', 'webhook', null],
  ] as const)('refuse the target %s of a dispatcher for %s', (target, kind, settings) => {
    const dispatchers = [{ ...dispatcher, kind, target, settings }];
    expect(pathsOf({ dispatchers })).toEqual(['/dispatchers/0/target']);
  });

  it.each([
    ['{"mode":"0777"}', 'file', '/mode'],
    ['{"password":"x"}', 'file', '/password'],
    ['{"pollSeconds":0}', 'webhook', '/pollSeconds'],
    ['{"onDrift":"ignore"}', 'yunikorn', '/onDrift'],
    ['{"resources":{"tokens":"memory"}}', 'yunikorn', '/resources/tokens'],
    ['{"resources":{"cores":"memory"}}', 'yunikorn', '/resources/cores'],
    ['{"applications":"cores"}', 'yunikorn', '/applications'],
    ['{"scheduler":"ftp://host"}', 'yunikorn', '/scheduler'],
    ['{"queue":"moka"}', 'yunikorn', '/queue'],
    ['{"partition":{"queues":[]}}', 'yunikorn', '/partition/queues'],
  ] as const)('refuse the settings %s of a dispatcher for %s', (settings, kind, path) => {
    const target = kind === 'webhook' ? 'https://hooks.example.test/' : 'queues.yaml';
    const dispatchers = [{ ...dispatcher, kind, target, settings }];
    const { decision } = given().when(register({ dispatchers }));
    expect(decision).toMatchObject({
      kind: 'refused',
      violations: [{ code: 'DISPATCHER_SETTINGS_INVALID', path: `/dispatchers/0/settings${path}` }],
    });
  });

  it('refuse two dispatchers of one target, for each would undo the other', () => {
    const dispatchers = [dispatcher, { ...dispatcher, name: 'again', kind: 'file' as const }];
    expect(pathsOf({ dispatchers })).toEqual(['/dispatchers/1/target']);
  });
});
