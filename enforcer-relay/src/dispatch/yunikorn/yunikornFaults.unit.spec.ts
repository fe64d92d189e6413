import { describe, expect, it } from 'vitest';
import { quantityOf } from './quantity.ts';
import { yunikornFaults } from './yunikornFaults.ts';

/** A file with these queues below root. */
const withQueues = (queues: unknown, more: object = {}): string =>
  JSON.stringify({
    partitions: [{ name: 'default', queues: [{ name: 'root', queues }], ...more }],
  });
const a = (more: object): string => withQueues([{ name: 'a', ...more }]);
const verdict = (text: string): 'taken' | 'refused' | 'trap' => {
  const faults = yunikornFaults(text);
  if (faults.length === 0) return 'taken';
  return faults.every(({ isTrap }) => isTrap) ? 'trap' : 'refused';
};

describe('a queue file', () => {
  it.each([
    [
      'plain',
      a({ resources: { guaranteed: { vcore: '500m' }, max: { vcore: 1, memory: '10Gi' } } }),
    ],
    [
      'without root',
      JSON.stringify({ partitions: [{ name: 'default', queues: [{ name: 'a' }] }] }),
    ],
    [
      'in YAML',
      'partitions:\n  - name: default\n    queues:\n      - name: root\n        submitacl: "*"\n',
    ],
    ['zero of one thing and some of another', a({ resources: { max: { memory: 0, vcore: 1 } } })],
  ])('is taken: %s', (_what, text) => {
    expect(verdict(text)).toBe('taken');
  });

  it.each([
    ['no YAML', 'partitions: [\n'],
    ['an unknown key', a({ maximum: 1 })],
    ['another case', a({ maxApplications: 1 })],
    ['a key twice', 'partitions:\n- name: default\n  name: default\n  queues: []\n'],
    ['a negative count', a({ maxapplications: -1 })],
    ['a quoted count', a({ maxapplications: '5' })],
    ['no queues', JSON.stringify({ partitions: [{ name: 'default' }] })],
    [
      'a partition twice',
      JSON.stringify({
        partitions: [
          { name: '', queues: [] },
          { name: 'DEFAULT', queues: [] },
        ],
      }),
    ],
    [
      'resources of root',
      JSON.stringify({
        partitions: [{ name: 'default', queues: [{ name: 'root', resources: { max: {} } }] }],
      }),
    ],
    ['an ACL of three', a({ submitacl: 'u g more' })],
    ['a name with a dot', withQueues([{ name: 'a.b' }])],
    ['a name twice', withQueues([{ name: 'a' }, { name: 'A' }])],
    ['guaranteed above max', a({ resources: { guaranteed: { memory: 2 }, max: { memory: 1 } } })],
    [
      'max above that above',
      a({
        resources: { max: { memory: 1 } },
        queues: [{ name: 'b', queues: [{ name: 'c', resources: { max: { memory: 2 } } }] }],
      }),
    ],
    [
      'guarantees above that above',
      a({
        resources: { guaranteed: { memory: 1 } },
        queues: [{ name: 'b', resources: { guaranteed: { memory: 2 } } }],
      }),
    ],
    ['a decimal quantity', a({ resources: { max: { memory: '1.5' } } })],
    ['an exponent', a({ resources: { max: { memory: '1e3' } } })],
    ['thousandths of memory', a({ resources: { max: { memory: '500m' } } })],
    ['more than 63 bits', a({ resources: { max: { memory: '9223372036854775808' } } })],
    [
      'applications above those above',
      a({ maxapplications: 1, queues: [{ name: 'b', maxapplications: 2 }] }),
    ],
    ['applications not said below', a({ maxapplications: 1, queues: [{ name: 'b' }] })],
    ['a limit for nobody', a({ limits: [{ limit: 'x', maxapplications: 1 }] })],
    ['a limit of nothing', a({ limits: [{ limit: 'x', users: ['u'] }] })],
    ['a name after *', a({ limits: [{ limit: 'x', users: ['*', 'u'], maxapplications: 1 }] })],
    ['* as the only group', a({ limits: [{ limit: 'x', groups: ['*'], maxapplications: 1 }] })],
    [
      'limits that differ',
      JSON.stringify({
        partitions: [
          {
            name: 'default',
            limits: [{ limit: 'x', users: ['u'], maxapplications: 1 }],
            queues: [{ name: 'root', limits: [{ limit: 'x', users: ['u'], maxapplications: 2 }] }],
          },
        ],
      }),
    ],
    [
      'a rule to nowhere',
      withQueues([{ name: 'a' }], { placementrules: [{ name: 'fixed', value: 'root.b' }] }),
    ],
    [
      'a rule to a parent',
      withQueues([{ name: 'a', parent: true, queues: [{ name: 'b' }] }], {
        placementrules: [{ name: 'fixed', value: 'root.a' }],
      }),
    ],
    ['an unknown sorting', withQueues([], { nodesortpolicy: { type: 'best' } })],
    ['a sorting that is a word', withQueues([], { nodesortpolicy: 'fair' })],
    [
      'a negative weight',
      withQueues([], { nodesortpolicy: { type: 'fair', resourceweights: { memory: -1 } } }),
    ],
  ])('is refused, as by YuniKorn: %s', (_what, text) => {
    expect(verdict(text)).toBe('refused');
  });

  it.each([
    ['a max of zeros, which is none', a({ resources: { max: { memory: 0, vcore: '0m' } } })],
    ['nothing at all', ''],
    ['an empty map', '{}'],
    ['a second document', `${a({})}\n---\n${a({})}`],
    ['a queue root', withQueues([{ name: 'root' }])],
    ['the queue of recovery', withQueues([{ name: '@recovery@' }])],
    [
      'applications of root',
      JSON.stringify({
        partitions: [{ name: 'default', queues: [{ name: 'root', maxapplications: 5 }] }],
      }),
    ],
    ['ROOT', JSON.stringify({ partitions: [{ name: 'default', queues: [{ name: 'ROOT' }] }] })],
    ['half an application', a({ maxapplications: 5.5 })],
    [
      'a template that fails later',
      a({ parent: true, childtemplate: { resources: { max: { memory: 'x' } } } }),
    ],
    ['a parent that says it is none', a({ parent: false, queues: [{ name: 'b' }] })],
    ['an unknown placement rule', withQueues([], { placementrules: [{ name: 'magic' }] })],
    [
      'another partition',
      JSON.stringify({ partitions: [{ name: 'gpu', queues: [{ name: 'root' }] }] }),
    ],
    ['words that alter its checksum', a({ properties: { note: 'checksum: 0' } })],
  ])('is not written, though YuniKorn takes it: %s', (_what, text) => {
    expect(verdict(text)).toBe('trap');
  });
});

describe('a quantity', () => {
  it.each([
    ['vcore', '10', 10_000n],
    ['vcore', '500m', 500n],
    ['memory', '1Gi', 1_073_741_824n],
    ['memory', '2 k', 2_000n],
    ['memory', '-1', null],
    ['memory', '0x10', null],
    ['memory', '10GB', null],
    ['vcore', '9223372036854775807', null],
  ] as const)('of %s is as YuniKorn reads it: %s', (type, text, amount) => {
    expect(quantityOf(type, text)).toBe(amount);
  });
});
