import { expect, it } from 'vitest';
import { override } from './override.ts';

const terms = { reason: 'fire', output: 'table' } as const;

it.each([
  ['no end', {}],
  ['a wrong length', { for: 'soon' }],
  ['two ends', { for: '2h', until: '2026-01-02T18:00:00Z' }],
  ['no time', { until: 'tomorrow' }],
])('tells of %s what to type, before anybody is asked', async (_what, end) => {
  const told = override('moka/ads', { ...terms, block: true, ...end });
  await expect(told).rejects.toMatchObject({
    message: expect.stringContaining('2h') as string,
    exitCode: 2,
  });
});
