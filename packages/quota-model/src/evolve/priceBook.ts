import { BrokenStream } from '../faults.ts';
import type { PriceBookState } from '../model.ts';
import { provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function evolvePriceBook(
  state: PriceBookState | null,
  event: EventOf<'PriceBookDefined'>,
): PriceBookState {
  const { version, currency, timeZone, closeAfterMicros } = event.value;
  const { prices, sharedCosts, idle } = event.value;
  const terms = { currency, timeZone, closeAfterMicros, prices, sharedCosts, idle };
  if (version !== (state?.version ?? 0n) + 1n) throw new BrokenStream(event, 'it skips a version');
  const id = state?.id ?? streamIdOf(event, 'pricebook');
  return { kind: 'pricebook', id, version, ...terms, provenance: provenanceOf(event) };
}
