import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { credentialsCheck, measureCredentials } from './credentialsHealth.ts';
import type { SourceHealth } from './reread.ts';

const well: SourceHealth = { place: 'keys.json', isBelieved: true, failingS: null };
const held: SourceHealth = { place: 'jwks.json', isBelieved: true, failingS: 90 };
const lost: SourceHealth = { place: 'jwks.json', isBelieved: false, failingS: 700 };

describe('a service whose callers nobody vouches for any more', () => {
  it('is not ready, and says which keys it cannot read and what callers get', () => {
    expect(credentialsCheck(() => [lost])).toEqual([
      {
        name: 'credentials',
        ok: false,
        detail: 'the keys of jwks.json cannot be read for 700 s: ISSUER_UNAVAILABLE',
      },
    ]);
  });

  it('is ready while what was known holds, or others are vouched for, and tells', () => {
    const [one] = credentialsCheck(() => [held]);
    expect([one?.ok, one?.detail]).toEqual([
      true,
      'the keys of jwks.json cannot be read for 90 s: what was known still holds',
    ]);
    const [other] = credentialsCheck(() => [well, lost]);
    expect([other?.ok, other?.detail]).toEqual([true, expect.stringContaining('jwks.json')]);
    expect(credentialsCheck(() => [well])).toEqual([{ name: 'credentials', ok: true }]);
    expect(credentialsCheck(undefined)).toEqual([]);
  });

  it('is measured', async () => {
    const registry = new Registry();
    measureCredentials(registry, () => [well, lost]);
    const text = await registry.metrics();
    expect(text).toContain('prorata_credentials_failing_seconds{place="jwks.json"} 700');
    expect(text).toContain('prorata_credentials_believed{place="jwks.json"} 0');
    expect(text).toContain('prorata_credentials_believed{place="keys.json"} 1');
  });
});
