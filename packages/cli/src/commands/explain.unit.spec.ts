import { expect, it } from 'vitest';
import { nothingText } from './explain.ts';

it('says what is limited where a resource is asked for that is not', () => {
  const limits = [{ resource: 'requests' }, { resource: 'tokens' }];
  const told = nothingText('moka/prod', limits, 'token');
  expect(told).toContain('the resource token of moka/prod');
  expect(told).toContain('limited are requests, tokens.');
  expect(nothingText('moka/prod', [], 'token')).toBe('Nothing limits moka/prod.');
});
