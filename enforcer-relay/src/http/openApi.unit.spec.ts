import { expect, it } from 'vitest';
import { RuleFeed } from '../feed/ruleFeed.ts';
import { ruleSetFields } from './openApi.ts';

it('describes every member of a set of rules, and no other', () => {
  const feed = new RuleFeed('moka', () => undefined);
  const set = JSON.parse(feed.snapshot().text) as object;
  expect(Object.keys(set)).toEqual(Object.keys(ruleSetFields));
});
