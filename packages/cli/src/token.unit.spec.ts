import { describe, expect, it } from 'vitest';
import { claimsOf } from './token.ts';

const asked = { subject: 'olga', kind: 'user' };

describe('a token that is asked for', () => {
  it('has every role of a person who names none', async () => {
    expect((await claimsOf(asked)).roles).toContain('admin');
    expect((await claimsOf(asked)).roles).toContain('member');
  });

  it('has what was named and no more', async () => {
    const grant = ['operator@moka/prod'];
    expect(await claimsOf({ ...asked, grant, group: ['group:ads'] })).toEqual({
      subject: 'olga',
      kind: 'user',
      roles: [],
      grants: grant,
      groups: ['group:ads'],
    });
    expect((await claimsOf({ ...asked, role: ['member'] })).roles).toEqual(['member']);
    expect((await claimsOf({ ...asked, kind: 'robot' })).roles).toEqual(['robot']);
  });

  it.each([
    { kind: 'demon' },
    { role: ['king'] },
    { grant: ['operator'] },
    { grant: ['king@moka'] },
    { grant: ['operator@MOKA'] },
    { grant: ['operator@moka//prod'] },
  ])('is refused with %j', async (more) => {
    await expect(claimsOf({ ...asked, ...more })).rejects.toMatchObject({ exitCode: 2 });
  });
});
