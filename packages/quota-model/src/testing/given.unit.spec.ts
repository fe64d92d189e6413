import { describe, expect, it } from 'vitest';
import { given, UnexpectedDecision } from './given.ts';
import { content, created, registered } from './samples.ts';

const create = { type: 'CreateQuota', data: { quotaId: 'moka/a', content: content() } } as const;

describe('the spec kit fails', () => {
  it.each([
    ['at other events', () => given(registered).when(create).then(created('moka/b'))],
    [
      'at other content',
      () =>
        given(registered)
          .when(create)
          .then(created('moka/a', [], { tier: 0 })),
    ],
    ['at fewer events', () => given(registered).when(create).then()],
    ['at a refusal', () => given().when(create).then(created('moka/a'))],
    ['at another code', () => given().when(create).thenRefused('QUOTA_EXISTS')],
    ['at other words', () => given().when(create).thenRefused('APPLICATION_UNKNOWN', 'tidb')],
    ['at an acceptance', () => given(registered).when(create).thenRefused('QUOTA_EXISTS')],
    ['at events where there should be none', () => given(registered).when(create).thenNothing()],
    ['at another result', () => given(registered).when(create).thenResult('x')],
  ])('%s', (_what, spec) => {
    expect(spec).toThrow(UnexpectedDecision);
  });
});
