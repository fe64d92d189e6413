import { describe, expect, it } from 'vitest';
import { readVerdict } from './readVerdict.ts';

describe("a validator's answer", () => {
  it('has a verdict, and facts with their time', () => {
    const text = JSON.stringify({
      verdict: 'approved',
      facts: { cores: 100, bytes: '9223372036854775807' },
      observedAt: '2026-01-01T00:00:00Z',
    });
    expect(readVerdict(text, 5n)).toEqual({
      status: 'approved',
      message: '',
      facts: { cores: 100n, bytes: 2n ** 63n - 1n },
      observedAt: 1_767_225_600_000_000n,
    });
    expect(readVerdict('{"verdict":"denied","message":"No."}', 5n)).toMatchObject({
      status: 'denied',
      message: 'No.',
      observedAt: 5n,
    });
  });

  it.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['no verdict', '{}'],
    ['another verdict', '{"verdict":"yes"}'],
    ['facts without a time', '{"verdict":"approved","facts":{"cores":1}}'],
    ['a time that is none', '{"verdict":"approved","observedAt":"now"}'],
    [
      'a fraction',
      '{"verdict":"approved","facts":{"cores":1.5},"observedAt":"2026-01-01T00:00:00Z"}',
    ],
    [
      'less than nothing',
      '{"verdict":"approved","facts":{"cores":-1},"observedAt":"2026-01-01T00:00:00Z"}',
    ],
    ['half a character', '{"verdict":"denied","message":"\\ud800"}'],
  ])('is of no use with %s', (_what, text) => {
    expect(() => readVerdict(text, 5n)).toThrow('Its answer');
  });
});
