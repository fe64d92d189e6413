import { describe, expect, it } from 'vitest';
import { mustSpeakFor } from './mustSpeakFor.ts';

const codeFor = (
  roles: string[],
  application: string | null,
  rolesForAll: string[] = [],
  grants: { role: string; scope: string }[] = [],
) => {
  try {
    mustSpeakFor({ roles, application, grants }, 'moka', rolesForAll);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('who speaks for an application', () => {
  it('is who is bound to it, and nobody who is bound to another', () => {
    expect(codeFor(['host'], 'moka')).toBe(null);
    for (const role of ['host', 'operator', 'admin']) {
      expect(codeFor([role], 'tidb', ['operator'])).toBe('APPLICATION_FOREIGN');
    }
  });

  it('is who has a grant for all of it, and not for a part', () => {
    const granted = (role: string, scope: string) =>
      codeFor([], null, ['operator'], [{ role, scope }]);
    expect(granted('host', 'moka')).toBe(null);
    expect(granted('operator', 'moka')).toBe(null);
    expect(granted('host', 'moka/prod')).toBe('APPLICATION_MISSING');
    expect(granted('host', 'tidb')).toBe('APPLICATION_MISSING');
    expect(granted('member', 'moka')).toBe('APPLICATION_MISSING');
  });

  it('is no host that is bound to none, but an admin, and who may read all', () => {
    expect(codeFor(['host'], null)).toBe('APPLICATION_MISSING');
    expect(codeFor(['host', 'operator'], null)).toBe('APPLICATION_MISSING');
    expect(codeFor(['host'], null, ['operator'])).toBe('APPLICATION_MISSING');
    expect(codeFor(['operator'], null, ['operator'])).toBe(null);
    expect(codeFor(['admin'], null)).toBe(null);
  });
});
