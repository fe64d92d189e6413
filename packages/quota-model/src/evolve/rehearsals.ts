import { byCodeUnit } from '../ids.ts';
import type { ApplicationState } from '../model.ts';
import { REHEARSALS_MAX } from '../modelBounds.ts';
import type { EventOf } from './origin.ts';

/** The last of each policy; of too many policies the one that was rehearsed first is forgotten. */
export function rememberRehearsal(
  { rehearsals }: ApplicationState,
  { value }: EventOf<'RightsizingRehearsed'>,
): void {
  const { policy, policyVersion, envelope } = value;
  rehearsals.set(policy, { policyVersion, at: envelope.decidedAt });
  if (rehearsals.size <= REHEARSALS_MAX) return;
  // By time and then by name: a snapshot keeps no order of arrival.
  const [oldest] = [...rehearsals].sort(
    ([nameA, a], [nameB, b]) => Number(a.at - b.at) || byCodeUnit(nameA, nameB),
  );
  if (oldest !== undefined) rehearsals.delete(oldest[0]);
}
