import type { ProposalState } from '../model.ts';

/** The resources of which a proposal names limits, in the unit of the moment when it was opened. */
export function proposedResources({ limits, steps }: ProposalState): ReadonlySet<string> {
  const inSteps = steps.flatMap(({ create, change, restore }) => [
    ...(create?.content.limits ?? []),
    ...(create?.content.rightsizing ?? []),
    ...(change?.setLimits ?? []),
    ...(change?.rightsizing ?? []),
    ...(restore?.content.limits ?? []),
    ...(restore?.content.rightsizing ?? []),
  ]);
  return new Set([...limits, ...inSteps].map(({ resource }) => resource));
}
