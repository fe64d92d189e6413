import fc from 'fast-check';
import { parse } from 'yaml';
import { expect, it } from 'vitest';
import { blockText } from './blockText.ts';

it('writes what a reader of YAML reads again, whatever stands in it', () => {
  const text = fc.oneof(
    fc.constantFrom(
      'a',
      'yes',
      'null',
      '*',
      '1e3',
      '0x1',
      '',
      ' ',
      '# a',
      'a: b',
      '500m',
      '12',
      '\'"\\',
      '\n',
      'é',
    ),
    fc.string({ maxLength: 4 }),
  );
  const key = fc.oneof(fc.constantFrom('a', 'nvidia.com/gpu', '1', 'a b', '', 'true'), text);
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.boolean(),
      fc.integer(),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(key, tie('value'), { maxKeys: 2, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(
      fc.dictionary(key, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      (document) => {
        expect(parse(blockText(document))).toEqual(document);
      },
    ),
    { numRuns: 200 },
  );
});
