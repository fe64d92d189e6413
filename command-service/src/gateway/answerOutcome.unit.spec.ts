import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';
import { problemOfOutcome } from './answerOutcome.ts';

const problemOf = (code: string) =>
  problemOfOutcome(outcomeOf({ status: 'refused', code }), (path) => path);

describe('the answer to a refused command', () => {
  it('says when to come again where nothing was decided and time alone mends it', () => {
    const { status, options } = problemOf('TIMERS_PENDING');
    expect([status, options.headers]).toEqual([503, { 'retry-after': '5' }]);
  });

  it('says no time where waiting mends nothing', () => {
    expect(problemOf('QUOTA_UNKNOWN').options.headers).toBeUndefined();
  });
});
