import { describe, expect, it } from 'vitest';
import { decide } from '../decide.ts';
import type { ApplicationState } from '../model.ts';
import { putQuota } from '../sums/treeSums.ts';
import { given, stateAfter } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  evidence,
  noChange,
  registeredAs,
  registration,
  tokens,
} from '../testing/samples.ts';
import { START, stampCommand } from '../testing/stamp.ts';
import type { CommandBody, CommandData } from '../testing/stamp.ts';

type Terms = CommandData<'RegisterApplication'>;

const withTerms = (more: Partial<Terms>) => ({ ...registration, ...more });
const register = (more: Partial<Terms>) =>
  ({ type: 'RegisterApplication', data: withTerms(more) }) as const;
const create = (quotaId: string, more: Parameters<typeof content>[1], limits = [tokens(5n)]) =>
  ({ type: 'CreateQuota', data: { quotaId, content: content(limits, more) } }) as const;
const change = (quotaId: string, more: Partial<typeof noChange>) =>
  ({ type: 'ChangeQuota', data: { ...noChange, quotaId, ...more } }) as const;

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    queue: { $ref: '#/$defs/name' },
    weight: { type: 'integer', minimum: 1, maximum: 10 },
  },
  required: ['queue'],
  additionalProperties: false,
  $defs: { name: { type: 'string', pattern: '^[a-z]+$' } },
  patternProperties: { '^x-': { pattern: '^[0-9]*$' } },
};
const attributesSchema = JSON.stringify(schema);
const checked = registeredAs(withTerms({ attributesSchema }));
const valid = { attributes: '{"queue":"etl"}' };

function violationsOf({ decision }: ReturnType<ReturnType<typeof given>['when']>) {
  return decision.kind === 'refused'
    ? decision.violations.map(({ code, path }) => `${code} ${path}`)
    : [];
}

/** The processor's time of this thread: what others do on the machine counts for nothing. */
function processorMs(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

describe("an application's schema of attributes", () => {
  it('lets in what satisfies it', () => {
    given(checked)
      .when(create('moka/a', valid))
      .then(created('moka/a', [tokens(5n)], valid));
  });

  it('refuses what a new quota brings, every fault with its place', () => {
    const when = given(checked).when(create('moka/a', { attributes: '{"weight":99,"extra":1}' }));
    expect(violationsOf(when).sort()).toEqual([
      'ATTRIBUTES_INVALID /content/attributes/extra',
      'ATTRIBUTES_INVALID /content/attributes/queue',
      'ATTRIBUTES_INVALID /content/attributes/weight',
    ]);
  });

  it('refuses what a change brings', () => {
    const when = given(checked, created('moka/a', [], valid)).when(
      change('moka/a', { attributes: '{"queue":"ETL","x-b":"1","x-a":"b"}' }),
    );
    expect(violationsOf(when).sort()).toEqual([
      'ATTRIBUTES_INVALID /attributes/queue',
      'ATTRIBUTES_INVALID /attributes/x-a',
    ]);
  });

  it('that existing quotas would break is refused with the first of them and the number of the rest', () => {
    const quotas = Array.from({ length: 25 }, (_, index) =>
      created(`moka/q${index}`, [], { attributes: `{"queue":${index}}` }),
    );
    const when = given(registeredAs(registration), created('moka/ok', [], valid), ...quotas).when(
      register({ attributesSchema }),
    );
    when.thenRefused('SCHEMA_BREAKS_QUOTAS', 'moka/q0', '/queue');
    const { decision } = when;
    const told = decision.kind === 'refused' ? decision.violations : [];
    expect(told).toHaveLength(21);
    expect(told.at(-1)?.message).toContain('5 more quotas, of 25');
  });

  const withAttributes = (size: number) => {
    const past = stateAfter('application:moka', checked) as ApplicationState;
    const draft = created('moka/q', [], valid);
    const state = stateAfter('application:moka', checked, draft) as ApplicationState;
    const quota = state.quotas.get('moka/q')!;
    for (let index = 0; index < size; index += 1) {
      const attributes = `{"queue":"${'q'.repeat(1 + (index % 50))}","x-${index}":"${index}"}`;
      const quotaId = `moka/q${index}`;
      putQuota(past, null, { ...quota, quotaId, content: { ...quota.content, attributes } });
    }
    return past;
  };
  const decided = (state: ApplicationState, more: Partial<Terms>) =>
    decide(state, stampCommand('application:moka', register(more), { roles: ['admin'] }), {
      now: START,
      streamVersion: 9n,
    });
  const wider = JSON.stringify({ ...schema, required: [] });
  const narrower = JSON.stringify({ ...schema, required: ['queue', 'weight'] });

  it('that takes all that the former took is taken, however many different attributes there are', () => {
    const state = withAttributes(20_000);
    expect(decided(state, { attributesSchema: wider })).toMatchObject({ kind: 'accepted' });
    expect(decided(state, { attributesSchema: narrower })).toMatchObject({
      violations: [{ code: 'TOO_MANY', path: '/attributesSchema' }],
    });
  });

  it('is tried on as many different attributes as one command may take steps for', () => {
    expect(decided(withAttributes(100), { attributesSchema: narrower })).toMatchObject({
      violations: {
        length: 21,
        20: { message: expect.stringContaining('of 100 in all') as string },
      },
    });
    const many = { allOf: Array.from({ length: 400 }, () => ({ type: 'object' })) };
    expect(
      decided(withAttributes(1_000), { attributesSchema: JSON.stringify(many) }),
    ).toMatchObject({ violations: [{ code: 'TOO_MANY' }] });
  });

  it('that existing quotas satisfy is taken, and so is any other change of the registration', () => {
    const past = [registeredAs(registration), created('moka/a', [], valid)] as const;
    given(...past)
      .when(register({ attributesSchema }))
      .then(registeredAs(withTerms({ attributesSchema }), 2n));
  });

  it.each([
    ['no schema', '{"type":"nothing"}', ''],
    ['an unknown keyword', '{"typ":"object"}', '/typ'],
    ['an unknown format', '{"properties":{"a":{"format":"regex"}}}', ''],
    ['a reference elsewhere', '{"$ref":"https://example.test/schema"}', '/$ref'],
    ['a definition that is not there', '{"$ref":"#/$defs/a"}', '/$ref'],
    ['an id', '{"$id":"https://example.test/schema"}', '/$id'],
    ['a pattern that is not regular', '{"pattern":"(?=a)"}', ''],
    ['a pattern with too many states', '{"pattern":"(a{1,100}){1,100}"}', ''],
    ['another dialect', '{"$schema":"http://json-schema.org/draft-07/schema#"}', '/$schema'],
  ])('with %s is refused', (_what, text, at) => {
    expect(violationsOf(given().when(register({ attributesSchema: text })))).toEqual([
      `ATTRIBUTES_SCHEMA_INVALID /attributesSchema${at}`,
    ]);
  });

  it('that refers to itself, or doubles with every definition, is refused', () => {
    const recursive = '{"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}';
    const definitions = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [
        `d${index}`,
        { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
      ]),
    );
    const doubling = { $ref: '#/$defs/d0', $defs: { ...definitions, d20: true } };
    for (const text of [recursive, JSON.stringify(doubling)]) {
      given()
        .when(register({ attributesSchema: text }))
        .thenRefused('ATTRIBUTES_SCHEMA_INVALID');
    }
  });

  it('takes no time that grows faster than the attributes, whatever its patterns are', () => {
    const hostile = '{"properties":{"a":{"type":"string","pattern":"^(a|a|aa)+$"}}}';
    const attributes = JSON.stringify({ a: `${'a'.repeat(1_000)}b` });
    const costMs = processorMs(() => {
      given(registeredAs(withTerms({ attributesSchema: hostile })))
        .when(create('moka/a', { attributes }))
        .thenRefused('ATTRIBUTES_INVALID');
    });
    expect(costMs).toBeLessThan(500);
  });

  it('is not asked about a text that a quota has already, however many take it', () => {
    const items = { anyOf: Array.from({ length: 100 }, (_, index) => ({ const: index })) };
    const wide = JSON.stringify({ properties: { list: { items } } });
    const attributes = JSON.stringify({ list: Array.from({ length: 900 }, () => 99) });
    const other = attributes.replace('99', '98');
    const past = [registeredAs(withTerms({ attributesSchema: wide })), created('moka/a')] as const;
    const creations = (...texts: string[]): CommandBody => ({
      type: 'ChangeTree',
      data: {
        steps: texts.map((text, index) => ({
          ...{
            expectedVersion: null,
            change: null,
            move: null,
            delete: null,
            restore: null,
            resize: null,
          },
          create: { quotaId: `moka/q${index}`, content: content([], { attributes: text }) },
        })),
      },
    });
    given(...past)
      .when(creations(attributes, other))
      .thenRefused('TOO_LARGE', '520000');
    const { decision } = given(...past, created('moka/b', [], { attributes })).when(
      creations(attributes, attributes, other),
    );
    expect(decision).toMatchObject({ kind: 'accepted', events: { length: 3 } });
    given(...past, created('moka/b', [], { attributes }))
      .when(creations(attributes.replace('99', '100')))
      .thenRefused('ATTRIBUTES_INVALID');
  });

  it('is not asked about more values than it may be', () => {
    const attributes = JSON.stringify({ list: Array.from({ length: 1_100 }, () => 1) });
    given(registeredAs(withTerms({ attributesSchema: '{}' })))
      .when(create('moka/a', { attributes }))
      .thenRefused('TOO_LARGE', '1024');
  });
});

const rule = (expression: string, more = {}) => ({
  name: 'own',
  expression,
  message: 'It may not be so.',
  path: '',
  ...more,
});
const ruled = (...expressions: string[]) =>
  registeredAs(withTerms({ rules: expressions.map((each, at) => rule(each, { name: `r${at}` })) }));

describe("an application's own rules", () => {
  it.each([
    ['quota.tier <= 2 && quota.owner == "team-ads" && quota.depth == 1 && quota.name == "a"'],
    ['limits.tokens.amount < 4611686018427387904'],
    ['!("cores" in limits) || limits.cores.guaranteed * 2 >= limits.cores.amount'],
    ['limits.all(r, resources[r].kind == "rate")'],
    ['has(labels.team) && labels.team.startsWith("a")'],
    ['attributes.weights.all(w, w > 0) && size(attributes.weights) == 2'],
    ['!hasParent && parent.id == ""'],
    ['quota.mode == "enforce"'],
  ])('hold: %s', (expression) => {
    const more = { labels: { team: 'ads' }, attributes: '{"weights":[1,2]}' };
    given(ruled(expression))
      .when(create('moka/a', more))
      .then(created('moka/a', [tokens(5n)], more));
  });

  it('compare whole numbers exactly up to 2^63-1', () => {
    const exact = 'limits.tokens.amount == 9007199254740993';
    const at = (amount: bigint) => given(ruled(exact)).when(create('moka/a', {}, [tokens(amount)]));
    at(2n ** 53n + 1n).then(created('moka/a', [tokens(2n ** 53n + 1n)]));
    at(2n ** 53n).thenRefused('RULE_BROKEN');
  });

  it('refuse with the name of the rule, its message and the place it speaks of', () => {
    const rules = [
      rule('quota.tier > 3', { name: 'low-tier', message: 'Only tier 4 here.', path: '/tier' }),
    ];
    const past = registeredAs(withTerms({ rules }));
    const when = given(past).when(create('moka/a', {}));
    when.thenRefused('RULE_BROKEN', 'low-tier', 'Only tier 4 here.', 'moka/a');
    expect(violationsOf(when)).toEqual(['RULE_BROKEN /content/tier']);
    const changed = given(past, created('moka/a', [], { tier: 4 })).when(
      change('moka/a', { tier: 1 }),
    );
    expect(violationsOf(changed)).toEqual(['RULE_BROKEN /tier']);
  });

  it('see the parent as the command leaves it', () => {
    const inParent = ruled('!hasParent || quota.tier >= parent.tier');
    given(inParent, created('moka/a', [], { tier: 2 }))
      .when(create('moka/a/b', { tier: 1 }))
      .thenRefused('RULE_BROKEN', 'moka/a/b');
  });

  it('are asked about a resize too', () => {
    const bounds = {
      rightsizing: [{ resource: 'tokens', min: 1n, max: 100n, workload: null, pinned: false }],
    };
    given(ruled('limits.tokens.amount <= 50'), created('moka/a', [tokens(5n)], bounds))
      .when({ type: 'ResizeQuota', data: { quotaId: 'moka/a', limit: tokens(60n), evidence } })
      .thenRefused('RULE_BROKEN', 'moka/a');
  });

  it('have no say where new bounds of the application give back what the owner declared', () => {
    const bounds = (min: bigint) => ({
      rightsizing: [{ resource: 'tokens', min, max: 100n, workload: null, pinned: false }],
    });
    const owned = { rules: [rule('"cost-center" in labels')], attributesSchema };
    const past = [
      registeredAs(withTerms(bounds(1n))),
      created('moka/a', [tokens(90n)], valid),
      {
        type: 'QuotaResized',
        data: { limit: tokens(40n), evidence, proposalId: null },
        quotaId: 'moka/a',
      },
      registeredAs(withTerms({ ...bounds(1n), ...owned }), 2n),
    ] as const;
    const narrow = given(...past).when(register({ ...bounds(50n), ...owned }));
    expect(violationsOf(narrow)).toEqual([]);
    given(...past)
      .when({ type: 'ResizeQuota', data: { quotaId: 'moka/a', limit: tokens(50n), evidence } })
      .thenRefused('RULE_BROKEN', 'moka/a');
  });

  it('that cannot be evaluated refuse by name, and crash nothing', () => {
    given(ruled('attributes.size() == 0 || attributes.weight > 3'))
      .when(create('moka/a', { attributes: '{"other":1}' }))
      .thenRefused('RULE_FAILED', 'r0', 'weight');
    given(ruled('attributes.weight > 3'))
      .when(create('moka/a', { attributes: '{"weight":"much"}' }))
      .thenRefused('RULE_FAILED', 'r0');
    given(ruled('attributes.__proto__ == 1')).when(create('moka/a', {})).thenRefused('RULE_FAILED');
  });

  it.each([
    ['does not parse', 'quota.tier >'],
    ['is no condition', 'quota.tier + 1'],
    ['is of no known type', 'attributes.flag'],
    ['names what is not there', 'quota.colour == "red"'],
    ['compares what does not compare', 'quota.tier == "2"'],
    ['asks the clock', 'timestamp("2026-01-01T00:00:00Z") < now()'],
    ['uses a regular expression', 'quota.id.matches("(a+)+$")'],
    ['makes a list of a text', 'size(quota.id.split("/")) > 1'],
    ['binds a name', 'cel.bind(x, quota.tier, x > 1)'],
    ['loops in a loop', 'limits.all(a, limits.all(b, a != b))'],
    ['loops in what is looped over', 'limits.filter(a, a != "x").all(b, labels.exists(c, c == b))'],
  ])('are refused at registration when one %s', (_what, expression) => {
    expect(violationsOf(given().when(register({ rules: [rule(expression)] })))).toEqual([
      'RULE_INVALID /rules/0/expression',
    ]);
  });

  it('are refused when they are too many, too long, or take too many steps', () => {
    const many = Array.from({ length: 33 }, (_, at) => rule('true', { name: `r${at}` }));
    given()
      .when(register({ rules: many }))
      .thenRefused('TOO_MANY');
    const long = rule(`quota.id != "${'x'.repeat(1_024)}"`);
    given()
      .when(register({ rules: [long] }))
      .thenRefused('RULE_INVALID', '1024');
    const same = 'attributes.all(k, attributes == parentAttributes && labels == parentLabels)';
    const heavy = Array.from({ length: 32 }, (_, at) => rule(same, { name: `r${at}` }));
    given()
      .when(register({ rules: heavy }))
      .thenRefused('TOO_LARGE', '20000');
  });

  it('of which a quota is too large for are refused before they run', () => {
    const past = ruled('attributes.list.all(x, x in attributes.list)');
    const attributes = JSON.stringify({ list: Array.from({ length: 2_000 }, (_, at) => at) });
    const costMs = processorMs(() => {
      given(past).when(create('moka/a', { attributes })).thenRefused('RULE_FAILED', 'steps');
    });
    expect(costMs).toBeLessThan(200);
  });

  it('see capacity as it would be', () => {
    given(ruled('limits.cores.guaranteed == limits.cores.amount'))
      .when(create('moka/a', {}, [cores(1n, 2n)]))
      .thenRefused('RULE_BROKEN');
  });
});
