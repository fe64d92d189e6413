import { bytesToHex } from '@noble/hashes/utils.js';
import { BrokenStream } from '../faults.ts';
import type { OrganizationState } from '../organizationModel.ts';

import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

/** Of each book the last period is kept: the ones before it can only be told from the log. */
export function closePeriod(state: OrganizationState, event: EventOf<'PeriodClosed'>): void {
  const { priceBook, priceBookVersion, currency, periodStart, periodEnd } = event.value;
  const last = state.closedPeriods.get(priceBook);
  if (last !== undefined && last.periodEnd !== periodStart) {
    throw new BrokenStream(event, 'it does not follow the last period of its book');
  }
  state.closedPeriods.set(priceBook, {
    priceBook,
    priceBookVersion,
    currency,
    periodStart,
    periodEnd,
    linesSha256: bytesToHex(event.value.linesSha256),
    provenance: provenanceOf(event),
  });
}
