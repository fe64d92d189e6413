/** The steps of a proposal, as they are to be taken when it is approved. */
import type { TreeStep, Violation } from '@prorata/schemas';
import { stepsNow } from '../evolve/proposalNow.ts';
import type { ApplicationState, ProposalState, QuotaState } from '../model.ts';
import { contentSince } from '../versions/keptVersions.ts';
import { violation } from './answer.ts';
import { MUST_EXIST } from './preconditions.ts';

/**
 * The steps by the paths of now, or why they cannot be taken: who was meant is gone, or is not as the step
 * expects. The versions that steps expect were right when they were proposed, also the later ones of several
 * steps about one quota; what counts by now is that nobody has changed what was seen then. Cuts, overrides and
 * proposals raise versions and change none of it. So the steps themselves expect none. Who expects a quota at
 * whatever version has seen none.
 */
export function waitedSteps(
  state: ApplicationState,
  proposal: ProposalState,
): { readonly steps: readonly TreeStep[]; readonly faults: readonly Violation[] } {
  const { steps, gone } = stepsNow(state, proposal);
  const unknown = gone.map(({ step, quotaId }) =>
    violation('QUOTA_UNKNOWN', `/steps/${step}`, `There is no quota ${quotaId} any more.`),
  );
  const changed = proposal.meant.flatMap(({ quota: alias, version }, index) => {
    const quota =
      version === null ? undefined : state.quotas.get(state.aliases.get(String(alias)) ?? '');
    if (quota === undefined || version === null) return [];
    if (steps[index]?.expectedVersion === MUST_EXIST) return [];
    if (!isChangedSince(quota, version, proposal.provenance.streamVersion)) return [];
    const message = `${quota.quotaId} was changed since this was proposed at its version ${version.toString()}.`;
    return [violation('VERSION_MISMATCH', `/steps/${index}`, message)];
  });
  return {
    steps: steps.map((step) => ({ ...step, expectedVersion: null })),
    faults: [...unknown, ...changed],
  };
}

/**
 * Whether the owner has declared something else, or evidence has set another limit. Evidence that other bounds
 * have ended since gives back what was declared, and counts for nothing.
 */
function isChangedSince(quota: QuotaState, version: bigint, streamVersion: bigint): boolean {
  if (contentSince(quota) > version) return true;
  return [...quota.rightsized.values()].some(
    ({ provenance }) => provenance.streamVersion > streamVersion,
  );
}
