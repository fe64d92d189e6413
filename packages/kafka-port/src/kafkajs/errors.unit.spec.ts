import { KafkaJSSASLAuthenticationError } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { asLogError } from './errors.ts';

describe('a rejected user or password', () => {
  it('is a refusal with the broker’s own code, whatever kafkajs wraps it in', () => {
    const message = 'SASL PLAIN authentication failed';
    const cause = Reflect.construct(KafkaJSSASLAuthenticationError, [message]) as Error;
    const wrapped = new Error('Connection failed', { cause });
    for (const error of [cause, wrapped]) {
      expect(asLogError(error, 'Connecting')).toMatchObject({
        name: 'LogRefused',
        code: 'SASL_AUTHENTICATION_FAILED',
      });
    }
  });
});
