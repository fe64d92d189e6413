import type { QuotaContent } from '@prorata/schemas';
import { BrokenStream } from '../faults.ts';
import { byCodeUnit, parentOf } from '../ids.ts';
import { declaredBy, limitFor } from '../layers.ts';
import { sameLimit } from '../limits.ts';
import type { ApplicationState, HaircutLayer, QuotaState } from '../model.ts';
import { rightsizedUnder } from '../rightsizingBounds.ts';
import { sameValue } from '../sameValue.ts';
import { NO_HAIRCUTS, NO_RIGHTSIZED, sharedContent } from '../sharing.ts';
import { putQuota } from '../sums/treeSums.ts';
import { contentHash } from '../versions/contentHash.ts';
import { versionsWith } from '../versions/keptVersions.ts';
import { endAlias } from './aliases.ts';
import { addChild, moveSubtree, removeChild } from './moveQuota.ts';
import { withoutRollBack } from './rolledBack.ts';
import { proposalsOf, removeProposal } from './openProposals.ts';
import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export type QuotaEvent = EventOf<
  | 'HaircutApplied'
  | 'HaircutLifted'
  | 'QuotaChanged'
  | 'QuotaCreated'
  | 'QuotaDeleted'
  | 'QuotaMoved'
  | 'QuotaOverridden'
  | 'QuotaOverrideEnded'
  | 'QuotaResized'
  | 'QuotaRestored'
  | 'QuotaTransferred'
>;

/** A quota's record is replaced whole, never changed: who holds the former one may go on reading it. */
export function evolveQuota(state: ApplicationState, event: QuotaEvent): void {
  const { quotaId, quotaVersion } = event.value.envelope;
  if (quotaId === null || quotaVersion === null) throw new BrokenStream(event, 'it names no quota');
  const quota = state.quotas.get(quotaId);
  if (quotaVersion !== (quota?.version ?? 0n) + 1n) {
    throw new BrokenStream(event, `quota ${quotaId} skips a version`);
  }
  if (event.type === 'QuotaCreated') {
    if (quota !== undefined) throw new BrokenStream(event, `quota ${quotaId} is there already`);
    insert(state, quotaId, event);
    return;
  }
  if (quota === undefined) throw new BrokenStream(event, `there is no quota ${quotaId}`);
  if (event.type === 'QuotaDeleted') {
    remove(state, quota);
    return;
  }
  if (event.type === 'QuotaMoved') {
    move(state, quotaId, event);
    return;
  }
  const next: QuotaState = { ...quota, ...changeOf(state, quota, event), version: quotaVersion };
  putQuota(state, quota, next);
  if (next.override === null) state.overridden.delete(quotaId);
  else state.overridden.add(quotaId);
}

function changeOf(
  { registration }: ApplicationState,
  quota: QuotaState,
  event: Exclude<QuotaEvent, EventOf<'QuotaCreated' | 'QuotaDeleted' | 'QuotaMoved'>>,
): Partial<QuotaState> {
  const provenance = provenanceOf(event);
  switch (event.type) {
    case 'QuotaChanged':
    case 'QuotaRestored': {
      const content = sharedContent(event.value.content);
      const rightsized = rightsizedUnder(registration, quota, content);
      // Other bounds of the application end a rightsized layer: nobody declared anything anew.
      if (sameValue(content, quota.content)) return { rightsized };
      const hash = event.value.contentHash ?? contentHash(content);
      return {
        content,
        declared: provenance,
        earlier: leftAlone(quota, content),
        rightsized,
        versions: versionsOf(quota, hash),
      };
    }
    case 'QuotaResized': {
      const { limit, evidence } = event.value;
      const layer = { limit, evidence, provenance };
      const rightsized = new Map(quota.rightsized).set(limit.resource, layer);
      return { rightsized, rolledBack: withoutRollBack(quota, limit.resource) };
    }
    case 'QuotaTransferred': {
      const { owner, project } = event.value;
      const content = { ...quota.content, owner, project };
      return { content, versions: versionsOf(quota, contentHash(content)) };
    }
    case 'QuotaOverridden': {
      const { limits, until, suspension } = event.value;
      return { override: { limits, until, suspension, provenance } };
    }
    case 'QuotaOverrideEnded':
      return { override: null };
    case 'HaircutApplied': {
      const { budgetId } = event.value;
      const haircuts = [...quota.haircuts.values()].filter((cut) => cut.budgetId !== budgetId);
      return { haircuts: byBudget([...haircuts, haircutOf(event)]) };
    }
    case 'HaircutLifted': {
      const haircuts = new Map(quota.haircuts);
      haircuts.delete(event.value.budgetId);
      return { haircuts };
    }
  }
}

/** Who set the limits that another content leaves as they are. */
function leftAlone(quota: QuotaState, content: QuotaContent): QuotaState['earlier'] {
  const alike = content.limits.filter((limit) =>
    sameLimit(limitFor(quota.content.limits, limit.resource), limit),
  );
  if (alike.length === 0) return null;
  return new Map(alike.map(({ resource }) => [resource, declaredBy(quota, resource)]));
}

/** What is kept of the contents once the next event has given the quota another. */
function versionsOf(quota: QuotaState, hash: string): string {
  return versionsWith(quota, quota.version + 1n, hash);
}

/** In the order of their ids, as a snapshot has them: the order of arrival must decide nothing. */
function byBudget(haircuts: readonly HaircutLayer[]): Map<string, HaircutLayer> {
  const sorted = haircuts.toSorted((a, b) => byCodeUnit(a.budgetId, b.budgetId));
  return new Map(sorted.map((haircut) => [haircut.budgetId, haircut]));
}

function haircutOf(event: EventOf<'HaircutApplied'>): HaircutLayer {
  const { value } = event;
  return {
    budgetId: value.budgetId,
    project: value.project,
    cutBasisPoints: value.cutBasisPoints,
    floorBasisPoints: value.floorBasisPoints,
    windowStart: value.windowStart,
    windowEnd: value.windowEnd,
    spend: value.spend,
    budget: value.budget,
    currency: value.currency,
    overrunBasisPoints: value.overrunBasisPoints,
    tierPolicy: value.tierPolicy,
    tierPolicyVersion: value.tierPolicyVersion,
    evidence: value.evidence,
    provenance: provenanceOf(event),
  };
}

function insert(state: ApplicationState, quotaId: string, event: EventOf<'QuotaCreated'>): void {
  const parent = parentOf(quotaId);
  if (parent !== state.id && !state.quotas.has(parent)) {
    throw new BrokenStream(event, `the parent ${parent} does not exist`);
  }
  putQuota(state, null, {
    quotaId,
    version: 1n,
    content: sharedContent(event.value.content),
    declared: provenanceOf(event),
    earlier: null,
    rightsized: NO_RIGHTSIZED,
    haircuts: NO_HAIRCUTS,
    override: null,
    rolledBack: null,
    versions: null,
  });
  addChild(state, quotaId);
}

function remove(state: ApplicationState, quota: QuotaState): void {
  const { quotaId } = quota;
  putQuota(state, quota, null);
  state.overridden.delete(quotaId);
  removeChild(state, quotaId);
  endAlias(state, quotaId);
  for (const { proposalId } of proposalsOf(state, quotaId)) removeProposal(state, proposalId);
}

function move(state: ApplicationState, quotaId: string, event: EventOf<'QuotaMoved'>): void {
  const { toQuotaId, envelope } = event.value;
  const parent = parentOf(toQuotaId);
  if (parent !== state.id && !state.quotas.has(parent)) {
    throw new BrokenStream(event, `the parent ${parent} does not exist`);
  }
  if (state.quotas.has(toQuotaId) || toQuotaId.startsWith(`${quotaId}/`)) {
    throw new BrokenStream(event, `there is no place at ${toQuotaId}`);
  }
  moveSubtree(state, quotaId, toQuotaId, envelope.quotaVersion ?? 0n);
}
