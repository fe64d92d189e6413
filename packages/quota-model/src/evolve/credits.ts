import { BrokenStream } from '../faults.ts';
import type { OrganizationState } from '../organizationModel.ts';
import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function grantCredit(state: OrganizationState, event: EventOf<'CreditGranted'>): void {
  const { envelope, ...terms } = event.value;
  if (state.credits.has(terms.creditId)) throw new BrokenStream(event, 'the credit is there');
  const grantedVersion = envelope.streamVersion;
  const provenance = provenanceOf(event);
  state.credits.set(terms.creditId, { ...terms, grantedVersion, provenance });
}

export function withdrawCredit(state: OrganizationState, event: EventOf<'CreditWithdrawn'>): void {
  const { creditId, grantedVersion } = event.value;
  if (state.credits.get(creditId)?.grantedVersion !== grantedVersion) {
    throw new BrokenStream(event, 'there is no such credit');
  }
  state.credits.delete(creditId);
}
