import { describe, expect, it } from 'vitest';
import { capacity, concurrency, dispatchedSet, resource } from '../testing/dispatchedSets.ts';
import type { QuotaSample } from '../testing/dispatchedSets.ts';
import { textFor } from '../textFor.ts';
import { BLOCKING_TYPE } from './queueText.ts';
import { heldQueues } from './heldQueues.ts';
import { yunikornFormat } from './yunikornFormat.ts';

const resources = [
  resource('cores', 'capacity', 'milli-vcore'),
  resource('memory', 'capacity', 'byte'),
  resource('apps', 'concurrency', 'application'),
];
const settings = { resources: { cores: 'vcore', memory: 'memory' }, applications: 'apps' };

function rendered(quotas: Readonly<Record<string, QuotaSample>>, more = {}) {
  const format = yunikornFormat({ ...settings, ...more });
  const text = textFor(format, dispatchedSet('moka', resources, quotas));
  if (text.kind === 'refused') throw new Error(text.reasons.join('\n'));
  return { ...text, queues: heldQueues(text.text) };
}

describe('queues of YuniKorn', () => {
  it('are refused where nothing of the application would bound one', () => {
    const apps = [resource('apps', 'concurrency', 'application')];
    const set = dispatchedSet('moka', apps, { 'moka/prod': { limits: [concurrency('apps', 9n)] } });
    expect(textFor(yunikornFormat({}), set)).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringContaining('applications: apps') as string],
    });
    expect(textFor(yunikornFormat({ applications: 'apps' }), set).kind).toBe('text');
  });

  it('are the tree of quotas, with what is guaranteed, the most, and the most applications', () => {
    const { text } = rendered(
      {
        'moka/prod': {
          limits: [
            capacity('cores', 10_500n, 4_000n),
            capacity('memory', 1n << 40n),
            concurrency('apps', 9n),
          ],
        },
        'moka/prod/ads': {
          limits: [
            capacity('cores', 2_000n, 1_000n),
            capacity('memory', 1n << 40n),
            concurrency('apps', 9n),
          ],
        },
      },
      { queue: 'root.moka', root: { submitacl: '*' } },
    );
    expect(text)
      .toBe(`# Queues of moka, written by Prorata. What is changed here by hand is told and undone.
partitions:
  - name: default
    queues:
      - name: root
        parent: true
        submitacl: "*"
        queues:
          - name: moka
            parent: true
            queues:
              - name: prod
                parent: true
                maxapplications: 9
                resources:
                  guaranteed:
                    vcore: 4000m
                  max:
                    memory: "1099511627776"
                    vcore: 10500m
                queues:
                  - name: ads
                    maxapplications: 9
                    resources:
                      guaranteed:
                        vcore: 1000m
                      max:
                        memory: "1099511627776"
                        vcore: 2000m
`);
  });

  it('stay bounded at nothing, where YuniKorn would drop a max of zeros', () => {
    for (const amount of ['blocked', 0n] as const) {
      const { queues } = rendered({
        'moka/prod': { limits: [capacity('cores', amount), capacity('memory', amount)] },
      });
      const max = queues.get('root.prod')?.max;
      expect(max).toEqual(
        new Map([
          ['memory', 0n],
          ['vcore', 0n],
          [BLOCKING_TYPE, 1n],
        ]),
      );
    }
  });

  it('with no applications let in one, which gets nothing', () => {
    const { queues } = rendered({
      'moka/prod': { limits: [capacity('cores', 5n), concurrency('apps', 'blocked')] },
    });
    expect(queues.get('root.prod')).toMatchObject({
      applications: 1n,
      max: new Map([
        ['memory', 0n],
        ['vcore', 0n],
        [BLOCKING_TYPE, 1n],
      ]),
    });
  });

  it('with no applications and no resource to block instead are refused', () => {
    const set = dispatchedSet('moka', [resources[2]!], {
      'moka/prod': { limits: [concurrency('apps', 0n)] },
    });
    expect(textFor(yunikornFormat({ applications: 'apps' }), set)).toMatchObject({
      kind: 'refused',
      reasons: [expect.stringContaining('cannot hold a queue at 0 applications')],
    });
  });

  it('are held at what is above them, where an override outweighs a cut, and say so', () => {
    const { queues, notes } = rendered({
      'moka/prod': { limits: [capacity('cores', 50n)] },
      'moka/prod/ads': { limits: [capacity('cores', 80n)] },
    });
    expect(queues.get('root.prod.ads')?.max.get('vcore')).toBe(50n);
    expect(notes).toEqual(['moka/prod/ads: vcore is held at 50, the most above it, not 80.']);
  });

  it('share what is guaranteed above them, where overrides promise more', () => {
    const { queues, notes } = rendered({
      'moka/prod': { limits: [capacity('cores', 100n, 10n)] },
      'moka/prod/a': { limits: [capacity('cores', 100n, 10n)] },
      'moka/prod/b': { limits: [capacity('cores', 100n, 20n)] },
    });
    expect(queues.get('root.prod.a')?.guaranteed.get('vcore')).toBe(3n);
    expect(queues.get('root.prod.b')?.guaranteed.get('vcore')).toBe(6n);
    expect(notes).toHaveLength(2);
  });

  it('have a most of applications wherever there is one above', () => {
    const { queues } = rendered({
      'moka/prod': { limits: [concurrency('apps', 9n)] },
      'moka/prod/ads': { limits: [], rule: { mode: 'shadow' } },
    });
    expect(queues.get('root.prod.ads')?.applications).toBe(9n);
  });

  it('are bounded from above alone, where hosts do not enforce either', () => {
    const { queues } = rendered({
      'moka/prod': { limits: [capacity('cores', 100n)] },
      'moka/prod/ads': { limits: [capacity('cores', 5n)], rule: { mode: 'shadow' } },
    });
    expect(queues.get('root.prod.ads')?.max.get('vcore')).toBe(100n);
  });

  it('stand beside those that the settings bring, and not under the name of one', () => {
    const quotas = { 'moka/prod': { limits: [capacity('cores', 1n)] } };
    expect(rendered(quotas, { queues: [{ name: 'adhoc' }] }).queues.has('root.adhoc')).toBe(true);
    expect(() => rendered(quotas, { queues: [{ name: 'PROD' }] })).toThrow('twice');
  });
});
