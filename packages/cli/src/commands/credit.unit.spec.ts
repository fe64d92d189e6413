import { describe, expect, it } from 'vitest';
import { grantCredit, withdrawCredit } from './credit.ts';

const terms = { reason: 'an outage', output: 'table' } as const;
const grant = { ...terms, amount: '5', currency: 'EUR', priceBook: 'list' };

describe('a credit', () => {
  it.each(['outage', 'acme/', '/outage', 'acme/assistant/outage'])(
    'is named by its organization and its own name, unlike %j, before anybody is asked',
    async (id) => {
      const told = { exitCode: 2, message: expect.stringContaining('<organization>') as string };
      await expect(grantCredit(id, grant)).rejects.toMatchObject(told);
      await expect(withdrawCredit(id, terms)).rejects.toMatchObject(told);
    },
  );

  it('counts at a time that can be read', async () => {
    await expect(grantCredit('acme/outage', { ...grant, at: 'someday' })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('yesterday') as string,
    });
  });
});
