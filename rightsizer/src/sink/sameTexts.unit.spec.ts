import { describe, expect, it } from 'vitest';
import { SameTexts } from './sameTexts.ts';

describe('texts that are judged again and again', () => {
  it('asks the rule once of a text that holds, and each time of one that does not or is long', () => {
    const asked: string[] = [];
    const texts = new SameTexts((text) => {
      asked.push(text.slice(0, 4));
      return text !== 'bad';
    });
    const long = 'long'.repeat(100);
    for (const text of ['good', 'bad', long, 'good', 'bad', long]) {
      expect(texts.holds(text)).toBe(text !== 'bad');
    }
    expect(asked).toEqual(['good', 'bad', 'long', 'bad', 'long']);
  });

  it('keeps a bounded number of them', () => {
    let asked = 0;
    const texts = new SameTexts(() => (asked += 1) > 0);
    for (let each = 0; each <= 20_000; each += 1) texts.holds(String(each));
    texts.holds('0');
    expect(asked).toBe(20_002);
  });
});
