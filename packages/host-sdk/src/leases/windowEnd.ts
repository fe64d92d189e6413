import { windowFormOf } from '@prorata/quota-model/hosts';
import type { ResourceLimit } from '@prorata/schemas';
import { windowAt } from '../decision/windowAt.ts';

/** The end of the window that the moment lies in, microseconds since the epoch; null: the limit has no windows. */
export function windowEndOf(
  { kind, window, zone }: ResourceLimit,
  wallMicros: bigint,
): bigint | null {
  const form = kind === 'consumable' ? windowFormOf(window ?? '', zone) : null;
  return form === null ? null : BigInt(Math.floor(windowAt(form, Number(wallMicros)).end));
}
