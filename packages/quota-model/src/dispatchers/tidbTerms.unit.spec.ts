import type { ResourceDeclaration } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { addressesOf, settingsViolations } from './settingsViolations.ts';

const resources = new Map(
  (
    [
      ['ru', 'rate', 'ru'],
      ['query-time', 'capacity', 's'],
      ['query-days', 'capacity', 'day'],
      ['sessions', 'concurrency', 'session'],
    ] as const
  ).map(([name, kind, unit]): [string, ResourceDeclaration] => [
    name,
    { name, kind, unit, total: null, totalSource: null },
  ]),
);

function faultsOf(settings: object, target = 'db.example.test'): readonly string[] {
  const dispatcher = {
    name: 'cluster',
    kind: 'tidb',
    target,
    secretRef: null,
    settings: JSON.stringify({ user: 'prorata', resource: 'ru', ...settings }),
  } as const;
  return settingsViolations(dispatcher, '/d', resources).map(({ path }) => path);
}

describe('the settings of a TiDB', () => {
  it.each([
    {},
    { prefix: 'pr_words__', priorities: ['HIGH', 'HIGH', 'HIGH', 'LOW', 'LOW'] },
    { queryLimits: { elapsed: 'query-time', processedKeys: 'query-days' } },
    { burstableTiers: [0, 1], burstableOff: 'FALSE', tls: false, caRef: 'tidb-ca' },
  ])('are taken: %o', (settings) => {
    expect(faultsOf(settings)).toEqual([]);
  });

  it.each([
    ['a resource that is no rate', { resource: 'sessions' }, '/d/settings/resource'],
    ['a resource that is none', { resource: 'nothing' }, '/d/settings/resource'],
    ['a prefix that does not end', { prefix: 'pr_words' }, '/d/settings/prefix'],
    ['a prefix with a quote', { prefix: 'pr`__' }, '/d/settings/prefix'],
    [
      'a time in days',
      { queryLimits: { elapsed: 'query-days' } },
      '/d/settings/queryLimits/elapsed',
    ],
    [
      'a figure of a rate',
      { queryLimits: { processedKeys: 'ru' } },
      '/d/settings/queryLimits/processedKeys',
    ],
    [
      'a priority that is none',
      { priorities: ['HIGH', 'HIGH', 'HIGH', 'LOW', 'NONE'] },
      '/d/settings/priorities/4',
    ],
    ['a tier that is none', { burstableTiers: [5] }, '/d/settings/burstableTiers/0'],
    ['a password', { password: 'x' }, '/d/settings/password'],
    ['a login with a password', { user: 'root:secret' }, '/d/settings/user'],
  ])('refuse %s', (_, settings, path) => {
    expect(faultsOf(settings)).toEqual([path]);
  });

  it.each(['db.example.test:4000', 'localhost', '10.0.0.1:3306', '[2001:db8::1]:4000'])(
    'go with the target %s',
    (target) => {
      expect(faultsOf({}, target)).toEqual([]);
    },
  );

  it.each(['mysql://db.example.test', 'root@db.example.test', 'db:99999', 'db/x', ''])(
    'refuse the target %s',
    (target) => {
      expect(faultsOf({}, target)).toEqual(['/d/target']);
    },
  );

  it('name the host that the relay would speak to, for an operator to allow it', () => {
    const dispatcher = { name: 'd', kind: 'tidb', secretRef: null, settings: null } as const;
    const urlOf = (target: string) => addressesOf({ ...dispatcher, target })[0]?.url;
    expect(urlOf('db.example.test')).toBe('https://db.example.test:4000');
    expect(urlOf('[::1]')).toBe('https://[::1]:4000');
    expect(urlOf('db.example.test:443')).toBe('https://db.example.test:443');
  });
});
