/** Queue files at random: most are nearly right, so that both validators have something to find. */
import fc from 'fast-check';

const quantity = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 12 }).map(String) },
  { weight: 3, arbitrary: fc.constantFrom('500m', '2k', '1Ki', '0', '9223372036854775807') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('-1', '1.5', '1e3', '10GB', '9223372036854775808', '0x5', ''),
  },
);
const amounts = (least: number) =>
  fc
    .subarray(['memory', 'vcore', 'nvidia.com/gpu'], { minLength: least })
    .chain((types) => fc.record(Object.fromEntries(types.map((type) => [type, quantity]))));
const name = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', 'b', 'c', 'd-1', 'e_2') },
  { weight: 1, arbitrary: fc.constantFrom('A', 'x.y', '', 'a b', 'root', '@recovery@') },
);
const count = fc.integer({ min: 0, max: 6 });
const resources = fc.record({ guaranteed: amounts(0), max: amounts(0) }, { requiredKeys: [] });
const who = fc.constantFrom('u1', 'u2', '*', '-bad', 'g.1');
const limit = fc.record(
  {
    limit: fc.constant('some'),
    users: fc.array(who, { maxLength: 2 }),
    groups: fc.array(who, { maxLength: 2 }),
    maxapplications: count,
    maxresources: amounts(0),
  },
  { requiredKeys: ['limit'] },
);

interface Queue {
  readonly name: string;
  readonly queues?: readonly Queue[];
}

const { queue } = fc.letrec<{ queue: Queue }>((tie) => ({
  queue: fc.record(
    {
      name,
      parent: fc.oneof({ weight: 30, arbitrary: fc.constant(true) }, fc.constant(false)),
      resources,
      maxapplications: count,
      submitacl: fc.constantFrom('*', 'u1 g1', 'u1,u2', 'u1 g1 more', ' '),
      properties: fc.constant({ 'application.sort.policy': 'fifo' }),
      limits: fc.array(limit, { maxLength: 2 }),
      queues: fc.array(tie('queue'), { maxLength: 3, depthIdentifier: 'queues' }),
    },
    { requiredKeys: ['name'] },
  ),
}));

const fixed = fc.record(
  {
    name: fc.constant('fixed'),
    value: fc.constantFrom('root.a', 'a', 'root.a.b', 'a.b', 'root'),
    create: fc.boolean(),
  },
  { requiredKeys: ['name', 'value'] },
);
const placementRule = fc.oneof(
  fixed,
  fc.record({ name: fc.constantFrom('provided', 'user', 'tag', '1bad'), create: fc.boolean() }),
  fc.record({ name: fc.constant('tag'), value: fc.constant('namespace'), parent: fixed }),
);

const root = fc.record(
  {
    name: fc.oneof({ weight: 9, arbitrary: fc.constant('root') }, { weight: 1, arbitrary: name }),
    parent: fc.constant(true),
    submitacl: fc.constant('*'),
    limits: fc.array(limit, { maxLength: 1 }),
    queues: fc.array(queue, { maxLength: 3 }),
  },
  { requiredKeys: ['name', 'queues'] },
);

/** JSON, which is YAML. */
export const queueFile: fc.Arbitrary<string> = fc
  .record(
    {
      name: fc.constant('default'),
      queues: fc.oneof(
        { weight: 9, arbitrary: fc.tuple(root) },
        { weight: 1, arbitrary: fc.array(queue, { maxLength: 2 }) },
      ),
      placementrules: fc.array(placementRule, { maxLength: 2 }),
      limits: fc.array(limit, { maxLength: 1 }),
      nodesortpolicy: fc.record({ type: fc.constantFrom('fair', 'binpacking', 'best') }),
    },
    { requiredKeys: ['name', 'queues'] },
  )
  .map((partition) => JSON.stringify({ partitions: [partition] }));
