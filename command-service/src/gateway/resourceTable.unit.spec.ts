import { describe, expect, it } from 'vitest';
import { commandRoles } from './commandRoles.ts';
import { gatewayFragment } from './openApi.ts';
import { resourceTable, withoutAddress } from './resourceTable.ts';

const schemas = gatewayFragment.components?.['schemas'] as Record<
  string,
  { oneOf?: { $ref: string }[]; discriminator?: { mapping: Record<string, string> } }
>;

describe('every command', () => {
  it.each(Object.keys(commandRoles) as (keyof typeof commandRoles)[])(
    '%s has addresses of its own, or a reason for having none',
    (type) => {
      const hasAddress = resourceTable.some(({ sends }) => sends === type);
      expect(withoutAddress[type] !== undefined).toBe(!hasAddress);
    },
  );

  it.each(['Command', 'BatchedCommand'])('is one of %s, told apart by its type', (name) => {
    const { oneOf = [], discriminator } = schemas[name] ?? {};
    const types = Object.keys(commandRoles);
    expect(Object.keys(discriminator?.mapping ?? {})).toEqual(types);
    expect(oneOf.map(({ $ref }) => $ref)).toEqual(Object.values(discriminator?.mapping ?? {}));
    for (const { $ref } of oneOf) expect(schemas[$ref.split('/').at(-1) ?? '']).toBeDefined();
  });
});
