import { describe, expect, it } from 'vitest';
import { claimsOf } from './token.ts';

const asked = { subject: 'olga', kind: 'user' };

describe('a token that is asked for', () => {
  it('has every role of a person who names none', () => {
    expect(claimsOf(asked).roles).toContain('admin');
    expect(claimsOf(asked).roles).toContain('member');
  });

  it('has what was named and no more', () => {
    const grant = ['operator@moka/prod'];
    expect(claimsOf({ ...asked, grant, group: ['group:ads'] })).toEqual({
      subject: 'olga',
      kind: 'user',
      roles: [],
      grants: grant,
      groups: ['group:ads'],
    });
    expect(claimsOf({ ...asked, role: ['member'] }).roles).toEqual(['member']);
    expect(claimsOf({ ...asked, kind: 'robot' }).roles).toEqual(['robot']);
  });

  it.each([
    { kind: 'demon' },
    { role: ['king'] },
    { grant: ['operator'] },
    { grant: ['king@moka'] },
    { grant: ['operator@MOKA'] },
    { grant: ['operator@moka//prod'] },
  ])('is refused with %j', (more) => {
    expect(() => claimsOf({ ...asked, ...more })).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
