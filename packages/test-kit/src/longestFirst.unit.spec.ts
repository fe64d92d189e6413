import { existsSync } from 'node:fs';
import path from 'node:path';
import { checkoutDirectory } from '@prorata/infra';
import { expect, it } from 'vitest';
import { longestFirst, longFiles } from './longestFirst.ts';

it('files that take long begin first in their project, and are there', () => {
  const [long = ''] = longFiles;
  const file = (name: string, moduleId: string) => ({ project: { name }, moduleId });
  const files = [
    file('int', '/x/a.ts'),
    file('int', `/x/${long}`),
    file('int', '/x/b.ts'),
    file('sim', '/x/c.ts'),
  ];
  const order = [1, 0, 2, 3].map((at) => files[at]);
  expect(longestFirst(files)).toEqual(order);
  for (const each of longFiles) expect(existsSync(path.join(checkoutDirectory, each))).toBe(true);
});
