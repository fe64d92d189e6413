import { BrokenStream } from '../faults.ts';
import type { PriceBookState } from '../model.ts';
import { provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function evolvePriceBook(
  state: PriceBookState | null,
  event: EventOf<'PriceBookDefined'>,
): PriceBookState {
  const { version, currency, prices } = event.value;
  if (version !== (state?.version ?? 0n) + 1n) throw new BrokenStream(event, 'it skips a version');
  const id = state?.id ?? streamIdOf(event, 'pricebook');
  return { kind: 'pricebook', id, version, currency, prices, provenance: provenanceOf(event) };
}
