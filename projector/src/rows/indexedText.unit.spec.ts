import { describe, expect, it } from 'vitest';
import { indexedText, isLong } from './indexedText.ts';

describe('a text in an index', () => {
  it('is the text itself as long as an index holds it', () => {
    const longestQuotaId = Array.from({ length: 8 }, () => 'a'.repeat(63)).join('/');
    expect(indexedText(longestQuotaId)).toBe(longestQuotaId);
    expect(indexedText('x'.repeat(512))).toBe('x'.repeat(512));
  });

  it('never has more bytes than four of them in one key may have', () => {
    for (const character of ['a', 'é', '語', '🚒']) {
      const text = indexedText(character.repeat(3_000));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(512);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  it('tells two long texts apart that begin alike', () => {
    const [one, two] = [`${'a'.repeat(8_000)}1`, `${'a'.repeat(8_000)}2`];
    expect(isLong(one)).toBe(true);
    expect(indexedText(one)).not.toBe(indexedText(two));
    expect(indexedText(one)).toBe(indexedText(one));
  });
});
