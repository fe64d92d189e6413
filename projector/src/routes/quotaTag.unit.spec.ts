import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { QUOTA_ANSWER_FORM, quotaTag } from './quotaTag.ts';
import { quotaFields } from './rowSchemas.ts';

it('a tag is of one form of the answer: raise QUOTA_ANSWER_FORM when its fields change', () => {
  const fields = createHash('sha256').update(JSON.stringify(quotaFields)).digest('hex');
  expect([QUOTA_ANSWER_FORM, fields.slice(0, 16)]).toEqual([1, 'a9df55f0c6664611']);
  expect(quotaTag(5n, 41n)).toMatch(new RegExp(`^"5\\.41\\.\\d+\\.${QUOTA_ANSWER_FORM}"$`));
});
