import type { WriterCode } from '../outcomeCodes.ts';
import { RECENT_MICROS } from './recentCommands.ts';

/** Clocks of gateway and writer, and of a writer and its successor, differ by less, microseconds. */
export const AHEAD_MAX_MICROS = 5n * 60n * 1_000_000n;

/**
 * A signature that outlives the memory of its command's id would let a copied record be decided
 * again, so a command that waited that long is refused, microseconds. The id is remembered from the
 * decision on, which by the writer's clock may lie `AHEAD_MAX_MICROS` before the signature, and a
 * successor's clock may be as much behind.
 */
export const AGE_MAX_MICROS = RECENT_MICROS - 2n * AHEAD_MAX_MICROS;

/** Why a command that was signed then is not decided at `now`; null: it is. Both in microseconds. */
export function ageFault(
  signedAt: bigint,
  now: bigint,
): { readonly code: WriterCode; readonly message: string } | null {
  const age = now - signedAt;
  if (age > AGE_MAX_MICROS) {
    return { code: 'COMMAND_TOO_OLD', message: `It was signed ${age / 1_000_000n} seconds ago.` };
  }
  if (-age > AHEAD_MAX_MICROS) {
    const ahead = -age / 1_000_000n;
    const message = `It was signed ${ahead} seconds ahead of the writer's clock.`;
    return { code: 'COMMAND_SIGNATURE_INVALID', message };
  }
  return null;
}
