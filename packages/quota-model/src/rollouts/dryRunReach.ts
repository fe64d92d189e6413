/** How many hosts each stage of a rollout reaches, for somebody who asks before they start it. */
import type { HostSelector } from '@prorata/schemas';
import { selectorOfStage, takesCandidate } from './hostSelection.ts';
import type { HostPlace } from './hostSelection.ts';

/** By stage: how many of the hosts take the candidate in it. */
export function hostsByStage(
  stages: readonly { readonly selector: HostSelector }[],
  rolloutId: string,
  hosts: readonly HostPlace[],
): readonly number[] {
  return stages.map((_, stage) => {
    const selector = selectorOfStage(stages, stage);
    return hosts.filter((host) => takesCandidate(selector, rolloutId, host)).length;
  });
}
