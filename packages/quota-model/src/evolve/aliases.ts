/** The aliases under which open proposals of steps know quotas, and who knows whom: always changed together. */
import { writableSet } from '../fork/fork.ts';
import { byCodeUnit } from '../ids.ts';
import type { ApplicationState, ProposalState } from '../model.ts';
import { APPLICATION, NOBODY } from './meantSteps.ts';
import type { MeantStep } from './meantSteps.ts';

/**
 * Gives a quota an alias, unless it has one. No quota: nobody's.
 *
 * @param given how many the event at this version of the stream has given before
 */
export function aliasFor(
  state: ApplicationState,
  quotaId: string,
  { streamVersion, given }: { readonly streamVersion: bigint; readonly given: number },
): string {
  const known = state.aliasByQuota.get(quotaId);
  if (known !== undefined) return known;
  if (!state.quotas.has(quotaId)) return NOBODY;
  const alias = `${streamVersion.toString()}.${given}`;
  state.aliases.set(alias, quotaId);
  state.aliasByQuota.set(quotaId, alias);
  return alias;
}

/** A quota with an alias has another path. O(1), however many proposals mean it. */
export function moveAlias(state: ApplicationState, quotaId: string, toQuotaId: string): void {
  const alias = state.aliasByQuota.get(quotaId);
  if (alias === undefined) return;
  state.aliasByQuota.delete(quotaId);
  state.aliasByQuota.set(toQuotaId, alias);
  state.aliases.set(alias, toQuotaId);
}

/** The quota is gone: who comes to its path is another. */
export function endAlias(state: ApplicationState, quotaId: string): void {
  const alias = state.aliasByQuota.get(quotaId);
  if (alias === undefined) return;
  state.aliasByQuota.delete(quotaId);
  state.aliases.delete(alias);
}

/** Notes whom a proposal means. */
export function useAliases(state: ApplicationState, proposal: ProposalState): void {
  for (const alias of aliasesIn(proposal.meant)) {
    const users = writableSet(state.proposalsByAlias, alias);
    if (users === undefined) state.proposalsByAlias.set(alias, new Set([proposal.proposalId]));
    else users.add(proposal.proposalId);
  }
}

/** The proposal is closed; an alias that no other uses ends. */
export function leaveAliases(state: ApplicationState, proposal: ProposalState): void {
  for (const alias of aliasesIn(proposal.meant)) {
    const users = writableSet(state.proposalsByAlias, alias);
    users?.delete(proposal.proposalId);
    if (users !== undefined && users.size > 0) continue;
    state.proposalsByAlias.delete(alias);
    endAlias(state, state.aliases.get(alias) ?? '');
  }
}

/** The open proposals whose steps mean one of the quotas, or would make something in it; by id. */
export function proposalsMeaning(
  state: ApplicationState,
  quotaIds: Iterable<string>,
): readonly ProposalState[] {
  const found = new Set<string>();
  for (const quotaId of quotaIds) {
    const alias = state.aliasByQuota.get(quotaId);
    if (alias === undefined) continue;
    for (const proposalId of state.proposalsByAlias.get(alias) ?? []) found.add(proposalId);
  }
  // By id, as equal states decide alike: an index knows the order in which they came.
  return [...found].sort(byCodeUnit).flatMap((id) => state.proposals.get(id) ?? []);
}

function aliasesIn(meant: readonly MeantStep[]): ReadonlySet<string> {
  const nodes = meant.flatMap(({ quota, into }) => [quota, into]);
  const aliases = nodes.filter((node) => typeof node === 'string');
  return new Set(aliases.filter((node) => node !== APPLICATION && node !== NOBODY));
}
