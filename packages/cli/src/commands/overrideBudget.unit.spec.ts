import { describe, expect, it } from 'vitest';
import { overrideBudget } from './overrideBudget.ts';

const terms = { reason: 'the launch', output: 'table' } as const;

describe('the override of a budget', () => {
  it.each(['monthly', 'acme/', '/monthly', 'acme/assistant/monthly'])(
    'names its organization and itself, unlike %j, before anybody is asked',
    async (id) => {
      await expect(overrideBudget(id, { ...terms, for: '2h' })).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining('<organization>/<budget>') as string,
      });
    },
  );

  it.each([{}, { for: 'soon' }, { for: '2h', until: '2026-01-02T18:00:00Z' }])(
    'has one end that can be read, unlike %j',
    async (end) => {
      const told = overrideBudget('acme/monthly', { ...terms, ...end });
      await expect(told).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining('2h') as string,
      });
    },
  );
});
