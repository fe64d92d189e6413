import { BrokenStream } from '../faults.ts';
import type { TierPolicyState } from '../model.ts';
import { provenanceOf, streamIdOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export function evolveTierPolicy(
  state: TierPolicyState | null,
  event: EventOf<'TierPolicyPublished'>,
): TierPolicyState {
  const { version, steps, floorBasisPoints } = event.value;
  if (version !== (state?.version ?? 0n) + 1n) throw new BrokenStream(event, 'it skips a version');
  const id = state?.id ?? streamIdOf(event, 'tierpolicy');
  const provenance = provenanceOf(event);
  return { kind: 'tierpolicy', id, version, steps, floorBasisPoints, provenance };
}
