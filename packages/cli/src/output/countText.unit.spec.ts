import { expect, it } from 'vitest';
import { countText, unsentText } from './countText.ts';

it.each([
  [0, '0 hosts'],
  [1, '1 host'],
  [2, '2 hosts'],
])('counts %i as %s', (count, text) => {
  expect(countText(count, 'host')).toBe(text);
});

it('says of one command that it was not sent, and of more that they were not', () => {
  expect([1, 2].map(unsentText)).toEqual(['1 command was not sent', '2 commands were not sent']);
});
