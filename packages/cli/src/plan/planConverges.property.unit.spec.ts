import fc from 'fast-check';
import { TestStream } from '@prorata/quota-model/testing';
import { toJson } from '@prorata/schemas';
import { expect, it } from 'vitest';
import { messageOf, normalContent } from '../file/normalForm.ts';
import type { Declared, DeclaredApplication } from '../file/declaration.ts';
import type { Json } from './json.ts';
import type { LiveApplication, Live } from './liveState.ts';
import { planApplication } from './planApplication.ts';
import type { PlannedCommand } from './plan.ts';

/** Names at each level: few, so that two trees have much in common. */
const NAMES = ['a', 'b', 'c'] as const;

interface Node {
  readonly max: number | null;
  readonly guaranteed: number;
  readonly label: string | null;
  readonly mode: 'shadow' | null;
  readonly below: Readonly<Partial<Record<string, Node>>>;
}

/** A tree whose every part fits into what is around it. */
function treeWithin(room: number, levels: number): fc.Arbitrary<Node> {
  const share = Math.floor(room / NAMES.length);
  const below: fc.Arbitrary<Node['below']> =
    levels === 0
      ? fc.constant({})
      : fc.record(Object.fromEntries(NAMES.map((name) => [name, treeWithin(share, levels - 1)])), {
          requiredKeys: [],
        });
  return fc.record({
    // As much as its room, so that three shares of what is below fit in.
    max: fc.option(fc.integer({ min: room, max: room * 2 }), { freq: 4 }),
    guaranteed: fc.integer({ min: share * NAMES.length, max: room }),
    label: fc.option(fc.constantFrom('x', 'y')),
    mode: fc.option(fc.constant('shadow' as const)),
    below,
  });
}

const contents = (id: string, node: Node, around: number): (readonly [string, Json])[] => {
  const max = node.max === null ? null : Math.min(node.max, around);
  const limits =
    max === null
      ? []
      : [{ resource: 'cache', capacity: { max, guaranteed: Math.min(node.guaranteed, max) } }];
  const labels = node.label === null ? {} : { team: node.label };
  const shared = {
    owner: 'g',
    tier: 1,
    cutPriority: 0,
    attributes: {},
    match: [],
    action: 'refuse',
    rightsizing: [],
  };
  const content = { ...shared, labels, limits, ...(node.mode === null ? {} : { mode: node.mode }) };
  const children = Object.entries(node.below).flatMap(([name, child]) =>
    child === undefined ? [] : contents(`${id}/${name}`, child, max ?? around),
  );
  return [[id, content], ...children];
};

const TOTAL = 1_000;
const registration = {
  ...{
    displayName: 'Moka',
    levels: ['environment'],
    defaultMode: 'enforce',
    defaultOnStale: 'hold',
  },
  ...{ robotChanges: 'propose', proposalLifetimeMicros: 86_400_000_000 },
  resources: [{ name: 'cache', kind: 'capacity', unit: 'byte', total: TOTAL * 10 }],
};

function declaredOf(root: Node): DeclaredApplication {
  const quotas = contents('moka/p', root, TOTAL * 10).map(
    ([id, content]): [string, Declared<Json>] => {
      const normal = normalContent(content);
      if (!('value' in normal)) throw new TypeError(JSON.stringify(normal.violations));
      return [id, { value: normal.value, placeOf: () => ({ file: 'q.yaml', line: 1, column: 1 }) }];
    },
  );
  return {
    ...{ application: 'moka', registration: null, entitlements: new Map(), managed: ['moka'] },
    quotas: new Map(quotas),
  };
}

/** The application as readers would see it. */
function liveOf(stream: TestStream): LiveApplication {
  const state = stream.state;
  if (state?.kind !== 'application') throw new TypeError('There is no application.');
  const quotas = [...state.quotas.values()].map(
    ({ quotaId, content, version }): [string, Live<Json>] => {
      const normal = normalContent(toJson('io.prorata.type.QuotaContent', content) as Json);
      if (!('value' in normal)) throw new TypeError('A content cannot be read.');
      return [quotaId, { value: normal.value, version }];
    },
  );
  return { registration: null, entitlements: new Map(), quotas: new Map(quotas), isWhole: true };
}

/** Upper bounds below may sum to more than is left, which is asked about and no error. */
const waivers = [{ check: 'BELOW_CHILDREN_SUM', reason: 'as declared' }];
const sender = { roles: ['admin'], waivers };

function send(stream: TestStream, command: Pick<PlannedCommand, 'type' | 'stream' | 'data'>): void {
  const { type, value } = messageOf(command, {});
  const fields = Object.entries(value).filter(([name]) => name !== 'envelope');
  const data = Object.fromEntries(fields) as object;
  const decision = stream.send({ type, data } as Parameters<TestStream['send']>[0], sender);
  expect(decision.kind === 'refused' ? decision.violations : []).toEqual([]);
}

it('leads from any tree to any other in one command, after which nothing is left to do', () => {
  const tree = treeWithin(TOTAL, 2);
  fc.assert(
    fc.property(tree, tree, (first, second) => {
      const stream = new TestStream('application:moka');
      send(stream, { type: 'RegisterApplication', stream: stream.stream, data: registration });
      for (const declared of [declaredOf(first), declaredOf(second), declaredOf(first)]) {
        const { commands } = planApplication(declared, liveOf(stream));
        expect(commands.length).toBeLessThanOrEqual(1);
        for (const command of commands) send(stream, command);
        expect(planApplication(declared, liveOf(stream)).commands).toEqual([]);
        expect([...liveOf(stream).quotas.keys()].sort()).toEqual(
          [...declared.quotas.keys()].sort(),
        );
      }
    }),
    { numRuns: 50 },
  );
});
