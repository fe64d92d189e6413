/** What an application's state keeps that is made from the rest: no snapshot holds it. */
import { addProposal } from '../evolve/openProposals.ts';
import { addRollout } from '../evolve/rollouts.ts';
import { rebuildingIndexes } from '../indexes/quotaIndexes.ts';
import type { ApplicationState } from '../model.ts';
import { rebuildingSums } from '../sums/rebuildSums.ts';

type Derived = Pick<
  ApplicationState,
  | 'proposalsByQuota'
  | 'proposalsByAlias'
  | 'aliasByQuota'
  | 'inRollout'
  | 'sums'
  | 'held'
  | 'paid'
  | 'cut'
  | 'attributes'
  | 'users'
  | 'suspended'
  | 'rightsized'
>;

export function emptyDerived(): Derived {
  return {
    proposalsByQuota: new Map(),
    proposalsByAlias: new Map(),
    aliasByQuota: new Map(),
    inRollout: new Map(),
    sums: new Map(),
    held: new Map(),
    paid: new Map(),
    cut: new Map(),
    attributes: new Map(),
    users: new Map(),
    suspended: new Map(),
    rightsized: new Map(),
  };
}

export const derivedFields: ReadonlySet<string> = new Set(Object.keys(emptyDerived()));

/** Fills what `emptyDerived` gave, and yields now and then: of a large state it takes seconds. */
export function* rebuildingDerived(state: ApplicationState): Generator<void> {
  for (const [alias, quotaId] of state.aliases) state.aliasByQuota.set(quotaId, alias);
  for (const proposal of state.proposals.values()) addProposal(state, proposal);
  for (const rollout of state.rollouts.values()) addRollout(state, rollout);
  yield* rebuildingSums(state);
  yield* rebuildingIndexes(state);
}

/** As `rebuildingDerived`, at once. */
export function rebuildDerived(state: ApplicationState): void {
  const steps = rebuildingDerived(state);
  while (steps.next().done !== true);
}
