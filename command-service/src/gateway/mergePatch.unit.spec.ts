import { describe, expect, it } from 'vitest';
import { changeOfPatch } from './mergePatch.ts';

describe('a merge patch of a quota', () => {
  const of = (json: string) => changeOfPatch(JSON.parse(json) as Record<string, unknown>);

  it('becomes the fields of a change', () => {
    expect(of('{"tier":2,"mode":null,"limits":[],"labels":{"a":null},"attributes":null}')).toEqual({
      fields: {
        tier: 2,
        setLimits: [],
        onlySetLimits: true,
        labelsPatch: { a: null },
        attributes: {},
        clear: ['mode'],
      },
      violations: [],
    });
  });

  it.each([
    'clear',
    'setLimits',
    'unsetLimits',
    'onlySetLimits',
    'labelsPatch',
    'attributesPatch',
    '__proto__',
  ])('has no member %s, which would be lost or win over another unseen', (name) => {
    const { violations } = of(`{"tier":2,"${name}":[]}`);
    expect(violations.map(({ path }) => path)).toEqual([`/${name}`]);
  });
});
