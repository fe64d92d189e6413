import { hash } from 'node:crypto';
import type { VerifyToken } from './tokenVerifier.ts';
import type { Principal } from './principal.ts';

/**
 * How long credentials that were found good are not looked at again, milliseconds. Verifying a
 * signature costs as much as all else that the gateway does for a command, and clients send the same
 * token with each. What is revoked goes on for this much longer than its verifier would let it.
 */
const BELIEVED_MS = 5_000;
/** Callers of a busy gateway within that time; some 500 bytes each. */
const REMEMBERED_MAX = 10_000;

export interface Clocks {
  /** Milliseconds, from wherever. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
}

const realClocks: Clocks = { now: () => performance.now(), wallNow: () => Date.now() };

/** Remembers who is behind good credentials for a few seconds, by their digest, never longer than they last. */
export function rememberVerified(verify: VerifyToken, clocks: Clocks = realClocks): VerifyToken {
  const remembered = new Map<string, { readonly principal: Principal; readonly untilMs: number }>();
  const remember = (digest: string, principal: Principal): void => {
    // The oldest goes first: a map keeps the order in which its keys came.
    remembered.delete(digest);
    const oldest = remembered.size < REMEMBERED_MAX ? undefined : remembered.keys().next().value;
    if (oldest !== undefined) remembered.delete(oldest);
    remembered.set(digest, { principal, untilMs: clocks.now() + BELIEVED_MS });
  };
  return async (token) => {
    const digest = hash('sha256', token, 'base64');
    const known = remembered.get(digest);
    if (known !== undefined) {
      const lasts = clocks.wallNow() < known.principal.endsAtMs;
      if (lasts && clocks.now() < known.untilMs) return known.principal;
      remembered.delete(digest);
    }
    const principal = await verify(token);
    remember(digest, principal);
    return principal;
  };
}
