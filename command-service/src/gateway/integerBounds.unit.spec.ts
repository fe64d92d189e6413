import { bounded, boundedProperties } from '@prorata/quota-model/integerBounds';
import { jsonProperties, namedSchemas } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { bodySchema, gatewaySchemas } from './openApiSchemas.ts';
import { resourceTable } from './resourceTable.ts';

type Schema = Readonly<Record<string, unknown>>;
const INT_32 = 2_147_483_647;
const NOT_BOUNDED = new Set([
  // An overrun is as large as the spend.
  'overrunBasisPoints',
  // A topic has as many partitions as its cluster lets it have.
  'partition',
]);

/** Every whole number of 32 bits below a schema, by the name of its property. */
function unbounded(schema: unknown, name = ''): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, ...rest } = schema as Schema;
  const own = rest['type'] === 'integer' && rest['maximum'] === INT_32 ? [name] : [];
  const named = Object.entries((properties ?? {}) as Schema);
  return [
    ...own,
    ...Object.values(rest).flatMap((part) => unbounded(part, name)),
    ...named.flatMap(([property, part]) => unbounded(part, property)),
  ];
}

describe('the bounds of whole numbers in the OpenAPI document', () => {
  it("are the model's wherever a client writes one", () => {
    const written = Object.entries(gatewaySchemas()).filter(([name]) => name !== 'CommandOutcome');
    const left = written.flatMap(([name, schema]) => unbounded(schema, name));
    expect(left.filter((name) => !NOT_BOUNDED.has(name))).toEqual([]);
  });

  it('stand in the bodies of resource routes, patches too', () => {
    const tiers = resourceTable
      .filter(({ body }) => body === 'content' || body === 'patch')
      .map((route) => (bodySchema(route)['properties'] as Schema)['tier']);
    expect(tiers.length).toBeGreaterThan(1);
    for (const tier of tiers) expect(tier).toMatchObject({ minimum: 0, maximum: 4 });
  });

  it('hold for lists of one number a tier, and where null is taken', () => {
    const { fields = [] } = namedSchemas.get('io.prorata.type.TierPolicyStep') ?? {};
    expect(boundedProperties(jsonProperties(fields))['cutBasisPoints']).toMatchObject({
      minItems: 5,
      maxItems: 5,
      items: { minimum: 0, maximum: 10_000 },
    });
    const either = { anyOf: [{ type: 'integer', maximum: INT_32 }, { type: 'null' }] };
    expect(bounded('tier', either)).toEqual({
      anyOf: [{ type: 'integer', minimum: 0, maximum: 4 }, { type: 'null' }],
    });
  });

  it('leave alone what is called the same and is no number', () => {
    expect(bounded('tier', { type: 'string' })).toEqual({ type: 'string' });
  });
});
