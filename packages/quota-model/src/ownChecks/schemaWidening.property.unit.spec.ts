import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributesViolations } from './attributesSchema.ts';
import { isWiderSchema } from './schemaWidening.ts';

type Json = Record<string, unknown>;

const names = ['a', 'b', 'x-c'] as const;
const value: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    fc.integer({ min: -1, max: 4 }),
    fc.constantFrom(0.5, 'p', 'pp', 'q', true, null),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 3 }),
  ),
})).any;
const object = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 });
const small = fc.integer({ min: 0, max: 4 });

/** Keywords with values that meet those of the others, and of the attributes above. */
const schema: fc.Arbitrary<Json | boolean> = fc.letrec<{ any: Json | boolean }>((tie) => {
  const some = fc.record<Json>(
    {
      type: fc.subarray(['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'], {
        minLength: 3,
      }),
      enum: fc.uniqueArray(fc.constantFrom('p', 'q', 1, 2), { minLength: 1 }),
      const: fc.constantFrom('p', 1),
      required: fc.subarray([...names]),
      minimum: small,
      maximum: small,
      minLength: fc.integer({ min: 0, max: 2 }),
      maxLength: fc.integer({ min: 0, max: 2 }),
      pattern: fc.constantFrom('^p', 'q'),
      minItems: small,
      maxItems: small,
      minProperties: fc.integer({ min: 0, max: 2 }),
      maxProperties: small,
      properties: fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 2 }),
      patternProperties: fc.constantFrom({ '^x': true }, { '^x': { type: 'string' } }),
      additionalProperties: tie('any'),
      propertyNames: fc.constantFrom({ maxLength: 1 }, { pattern: '^x' }),
      items: tie('any'),
      prefixItems: fc.constantFrom([{ type: 'string' }], [true, { type: 'null' }]),
      contains: fc.constantFrom({ type: 'string' }, { type: 'null' }),
      minContains: fc.integer({ min: 0, max: 2 }),
      not: fc.constantFrom({ required: ['a'] }, { type: 'string' }),
      anyOf: fc.constantFrom([{ required: ['a'] }, { type: 'string' }], [true]),
      if: fc.constantFrom({ required: ['a'] }),
      then: fc.constantFrom({ required: ['b'] }),
      else: fc.constantFrom({ maxProperties: 1 }),
    },
    { requiredKeys: [] },
  );
  return { any: fc.oneof({ maxDepth: 2, withCrossShrink: true }, fc.boolean(), thinned(some)) };
}).any;

/** Few keywords at a time: with all of them nothing satisfies a schema. */
function thinned(full: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.tuple(full, fc.array(fc.nat(99), { maxLength: 3 })).map(([all, picks]) => {
    const entries = Object.entries(all);
    const kept = picks.map((pick) => entries[pick % Math.max(1, entries.length)] ?? ['title', '']);
    return Object.fromEntries(kept) as Json;
  });
}

/** A schema and what an edit makes of it: keywords that go, come, or change. */
const edited = fc
  .tuple(schema, schema, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }))
  .map(([one, other, kept]): readonly [Json, Json] => {
    const [former, source] = [objectOf(one), objectOf(other)];
    const keywords = Object.keys(former).filter((_, index) => kept[index % kept.length]);
    const same = Object.fromEntries(keywords.map((keyword) => [keyword, former[keyword]]));
    return [former, kept[0] === true ? same : { ...same, ...source }];
  });
const objectOf = (from: Json | boolean): Json => (typeof from === 'boolean' ? {} : from);

const checksOf = (of: Json) => ({ attributesSchema: JSON.stringify(of), rules: [] });
/** null: the schema itself is none. */
function isTaken(of: ReturnType<typeof checksOf>, attributes: unknown): boolean | null {
  const [fault] = attributesViolations(of, JSON.stringify(attributes), '');
  if (fault === undefined) return true;
  return fault.code === 'ATTRIBUTES_SCHEMA_INVALID' ? null : false;
}

/** Each costs two compilations, of some 10 ms; of some eight drawn one is tried. */
const PAIRS_TRIED = 60;
const PAIRS_DRAWN = 1_000;
/** Two seconds of processor time, of which a machine that does much else gives a twentieth. */
const TIMEOUT_MS = 180_000;

describe('a schema that is said to be wider', () => {
  it(
    'takes whatever the former takes',
    () => {
      let wider = 0;
      let taken = 0;
      fc.assert(
        fc.property(edited, fc.array(object, { minLength: 10, maxLength: 20 }), (pair, values) => {
          const [former, now] = pair;
          // What has no keywords takes everything, which is soon shown.
          if (wider === PAIRS_TRIED || Object.keys(now).length === 0) return;
          if (!isWiderSchema(JSON.stringify(former), JSON.stringify(now))) return;
          const [before, after] = [checksOf(former), checksOf(now)];
          const some = values.filter((attributes) => isTaken(before, attributes) === true);
          if (some.length === 0) return;
          wider += 1;
          taken += some.length;
          const refused = some.filter((attributes) => isTaken(after, attributes) === false);
          expect({ former, now, refused }).toMatchObject({ refused: [] });
        }),
        { numRuns: PAIRS_DRAWN },
      );
      // Otherwise it would show nothing.
      expect([wider >= 50, taken > 4 * wider]).toEqual([true, true]);
    },
    TIMEOUT_MS,
  );

  const base = {
    type: 'object',
    properties: { queue: { type: 'string', maxLength: 8 }, weight: { type: 'integer' } },
    required: ['queue'],
    additionalProperties: false,
  };
  const widerThanBase = (now: object): boolean =>
    isWiderSchema(JSON.stringify(base), JSON.stringify(now));

  it.each([
    ['a new property where others are refused', { properties: { ...base.properties, zone: {} } }],
    ['a property that need not be there any more', { required: [] }],
    ['a longer text', { properties: { ...base.properties, queue: { maxLength: 9 } } }],
    ['a number for an integer', { properties: { ...base.properties, weight: { type: 'number' } } }],
    ['others that are let in', { additionalProperties: true }],
    ['a title', { title: 'Of a queue' }],
  ])('is one with %s', (_what, more) => {
    expect(widerThanBase({ ...base, ...more })).toBe(true);
  });

  it.each([
    ['a property more that is required', { required: ['queue', 'weight'] }],
    ['a shorter text', { properties: { ...base.properties, queue: { maxLength: 7 } } }],
    ['a property that is not let in any more', { properties: { queue: {} } }],
    ['a keyword more', { maxProperties: 1 }],
  ])('is none with %s', (_what, more) => {
    expect(widerThanBase({ ...base, ...more })).toBe(false);
  });
});
