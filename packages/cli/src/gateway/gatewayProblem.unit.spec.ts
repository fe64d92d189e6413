import { refusalCodes } from '@prorata/quota-model';
import { problemCodes } from '@prorata/service-runtime';
import { expect, it } from 'vitest';
import { GatewayProblem } from './gatewayProblem.ts';
import { hintedCodes } from './hints.ts';

it('hints at codes that there are', () => {
  const known = new Set([...Object.keys(refusalCodes), ...Object.keys(problemCodes)]);
  expect(hintedCodes.filter((code) => !known.has(code))).toEqual([]);
});

it('says every failed check, what to do and what to type', () => {
  const problem = new GatewayProblem(409, {
    code: 'PARENT_LIMIT_EXCEEDED',
    detail: 'tokens 5 is above 4 of moka/prod.',
    remedy: 'Lower it.',
    violations: [
      { path: '/limits/0', message: 'tokens 5 is above 4 of moka/prod.' },
      { path: '/limits/1', message: 'cache 5 is above 4 of moka/prod.' },
    ],
  });
  expect(problem.message.split('\n')).toEqual([
    'PARENT_LIMIT_EXCEEDED: tokens 5 is above 4 of moka/prod.',
    '  /limits/0 tokens 5 is above 4 of moka/prod.',
    '  /limits/1 cache 5 is above 4 of moka/prod.',
    '  What to do: Lower it.',
    '  To type: ./prorata explain <the quota above> shows its limit and who set it.',
  ]);
  expect(problem.exitCode).toBe(1);
});

it('says where the only failed check is, and its message once', () => {
  const problem = new GatewayProblem(422, {
    code: 'VALUE_INVALID',
    detail: 'must be a whole number',
    violations: [{ path: '/data/limits/0/rate/amount', message: 'must be a whole number' }],
  });
  expect(problem.message.split('\n')).toEqual([
    'VALUE_INVALID: must be a whole number',
    '  Where: /data/limits/0/rate/amount',
  ]);
});

it('prints no empty path of what is wrong with the whole', () => {
  const problem = new GatewayProblem(403, {
    code: 'FORBIDDEN',
    detail: 'No.',
    violations: [{ path: '', message: 'A robot may not send ChangeTree.' }],
  });
  expect(problem.message.split('\n')[1]).toBe('  A robot may not send ChangeTree.');
});

it('says of options that the gateway does not take what a fault found here would say', () => {
  const problem = new GatewayProblem(422, {
    code: 'PARAMETER_INVALID',
    detail: 'Not understood: asOf, quotaId.',
    violations: [
      { path: 'asOf', message: 'must be a time' },
      { path: 'quotaId', message: 'must be an id' },
    ],
  });
  expect(problem.message).toBe('--as-of must be a time\n--quota must be an id');
  expect(problem.exitCode).toBe(2);
});

it('lets nobody steer the screen by what was written into a quota', () => {
  const problem = new GatewayProblem(409, { code: 'X', detail: 'by \u001b]0;owned\u0007\u202e' });
  expect(problem.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});
