import fc from 'fast-check';
import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { setOfQuotas, settings } from '../../../test/yunikornOracle/randomSets.ts';
import { configTree } from './configTree.ts';
import { plainBlocks } from './plainBlocks.ts';
import { yunikornFormat } from './yunikornFormat.ts';

/** Something that only a reader of all of YAML takes, and that means nothing. */
const withTail = (text: string): string => `${text}zz: []\n`;

describe('plain blocks', () => {
  it('are read as all of YAML would read them, in every text that is written', () => {
    const format = yunikornFormat(settings);
    fc.assert(
      fc.property(setOfQuotas, (set) => {
        const rendered = format.render(set);
        const text = rendered.kind === 'text' ? rendered.text : '';
        const plain = plainBlocks(text);
        expect(plain).not.toBeNull();
        const whole = configTree(withTail(text)).tree;
        const entries = whole?.kind === 'map' ? whole.entries.slice(0, -1) : [];
        expect(plain).toEqual({ kind: 'map', entries });
      }),
      { numRuns: 50 },
    );
  });

  it('are left to a reader of all of YAML, or agree with it, whatever is in them', () => {
    const text = fc.oneof(
      fc.constantFrom(
        'a',
        'a b',
        'true',
        'null',
        '~',
        '*',
        '&x',
        '1e3',
        '0x1',
        '-',
        '',
        ' ',
        '#',
        'a: b',
        '"',
        "'",
      ),
      fc.string({ maxLength: 4 }),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.array(fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }), {
          maxLength: 2,
        }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 2 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b'), value), (document) => {
        const yaml = stringify(document, { lineWidth: 0 });
        const plain = plainBlocks(yaml);
        if (plain === null) return;
        const whole = configTree(withTail(yaml)).tree;
        const entries = whole?.kind === 'map' ? whole.entries.slice(0, -1) : [];
        expect(plain).toEqual({ kind: 'map', entries });
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    'a: 1\na: 2\n',
    'a:\nb: 1\n',
    'a: 1\n  b: 2\n',
    'a: b: c\n',
    'a: >\n  b\n',
    'a: &x 1\n',
    '  a: 1\nb: 2\n',
    '---\na: 1\n',
    'a: 1 # what\n',
    '- a: 1\n   b: 2\n',
  ])('are nothing else: %j', (text) => {
    expect(plainBlocks(text)).toBeNull();
  });
});
