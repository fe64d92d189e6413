import { describe, expect, it } from 'vitest';
import type { Principal } from './principal.ts';
import { unauthorized } from './principal.ts';
import { rememberVerified } from './rememberVerified.ts';

const HOUR_MS = 3_600_000;

function bench() {
  let nowMs = 1_000;
  const asked: string[] = [];
  const revoked = new Set<string>();
  const verify = rememberVerified(
    (token) => {
      asked.push(token);
      if (revoked.has(token)) return Promise.reject(unauthorized('It was revoked.'));
      const actor = { kind: 'user', issuer: 'i', subject: token } as const;
      const endsAtMs = token === 'short' ? 3_000 : HOUR_MS;
      const principal: Principal = {
        actor,
        roles: [],
        grants: [],
        groups: [],
        application: null,
        endsAtMs,
      };
      return Promise.resolve(principal);
    },
    { now: () => nowMs, wallNow: () => nowMs },
  );
  return { verify, asked, revoked, wait: (ms: number) => (nowMs += ms) };
}

describe('good credentials', () => {
  it('are verified once in five seconds, and each caller stays who it is', async () => {
    const { verify, asked, wait } = bench();
    for (const token of ['olga', 'otto', 'olga', 'otto']) {
      expect((await verify(token)).actor.subject).toBe(token);
    }
    expect(asked).toEqual(['olga', 'otto']);
    wait(5_001);
    await verify('olga');
    expect(asked).toEqual(['olga', 'otto', 'olga']);
  });

  it('that are revoked hold for five seconds more, and no longer because they are used', async () => {
    const { verify, revoked, wait } = bench();
    await verify('olga');
    revoked.add('olga');
    wait(4_000);
    await expect(verify('olga')).resolves.toBeDefined();
    wait(1_500);
    await expect(verify('olga')).rejects.toThrow('revoked');
  });

  it('are asked for again once they have ended', async () => {
    const { verify, asked, wait } = bench();
    await verify('short');
    wait(2_500);
    await verify('short');
    expect(asked).toEqual(['short', 'short']);
  });

  it('push out the oldest when very many callers come', async () => {
    const { verify, asked } = bench();
    for (let caller = 0; caller <= 10_000; caller++) await verify(`caller-${caller}`);
    asked.length = 0;
    await verify('caller-10000');
    await verify('caller-1');
    expect(asked).toEqual([]);
    await verify('caller-0');
    expect(asked).toEqual(['caller-0']);
  });

  it('that are bad are never remembered', async () => {
    const { verify, asked, revoked } = bench();
    revoked.add('mallory');
    await expect(verify('mallory')).rejects.toThrow();
    await expect(verify('mallory')).rejects.toThrow();
    expect(asked).toHaveLength(2);
  });
});
