import { describe, expect, it } from 'vitest';
import { Parameters } from './parameters.ts';

const refusal = (known: readonly string[]): unknown => {
  try {
    new Parameters({ query: { limt: '3' } }, known).finish();
    return null;
  } catch (fault) {
    return fault;
  }
};

describe('a parameter that nobody knows', () => {
  it('is told with all that there are, the one of every read among them', () => {
    expect(refusal(['after', 'limit'])).toMatchObject({
      violations: [{ path: 'limt', message: 'is none of after, limit, atLeast' }],
    });
    expect(refusal([])).toMatchObject({
      violations: [{ path: 'limt', message: 'is not read: this route has atLeast alone' }],
    });
  });
});
