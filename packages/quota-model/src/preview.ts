/** What a decision would change of what is in force, for somebody who asks before they decide. */
import type {
  CommandEnvelope,
  DeclaredChange,
  LimitChange,
  OversubscriptionChange,
  ResourceLimit,
} from '@prorata/schemas';
import { TreeDraft, originOf } from './decide/treeDraft.ts';
import { declaredChanges } from './declaredChanges.ts';
import { effectiveLimits } from './effective.ts';
import { ancestorsOf, byCodeUnit } from './ids.ts';
import { sameLimit } from './limits.ts';
import type { ApplicationState, DecisionContext, EventDraft, StreamState } from './model.ts';
import { oversubscriptionOf } from './sums/oversubscription.ts';

/** Changes that a preview tells: as many as people read, and as one outcome carries. */
export const PREVIEW_CHANGES_MAX = 500;

/**
 * Limits in force that a preview works out, before and after: the writer does nothing else meanwhile, and
 * each takes some microseconds.
 */
export const PREVIEW_LIMITS_MAX = 10_000;

/** Nodes whose oversubscription a preview compares: the change's own quotas and all above them. */
export const PREVIEW_OVERSUBSCRIPTION_NODES_MAX = 500;

export interface Preview {
  /** The command's own quota first, then by parents before children. */
  readonly changes: readonly LimitChange[];
  /** Changes in force or declared that are left out, and quotas that were not looked at any more. */
  readonly omitted: number;
  /** Of the quotas that the events change, in the same order. */
  readonly declared: readonly DeclaredChange[];
  /** Where it differs, outermost first. */
  readonly oversubscription: readonly OversubscriptionChange[];
}

export const noPreview: Preview = { changes: [], omitted: 0, declared: [], oversubscription: [] };

/**
 * The limits in force that would differ if these events, which were decided on the state, happened.
 *
 * @param own the quota that the command names; null: none
 */
export function previewOf(
  state: StreamState | null,
  events: readonly EventDraft[],
  own: string | null,
  envelope: CommandEnvelope,
  context: DecisionContext,
): Preview {
  if (state?.kind !== 'application' || events.length === 0) return noPreview;
  const draft = new TreeDraft(state, originOf(envelope, context));
  for (const event of events) draft.append(event, () => '');
  const preview = new PreviewBuilding(draft);
  const changed = changedQuotas(draft, own);
  for (const quotaId of changed) preview.addWithAllBelow(quotaId);
  const inForce = preview.result();
  const { declared, omitted } = declaredChanges(draft, changed);
  return {
    changes: inForce.changes,
    omitted: inForce.omitted + omitted,
    declared,
    oversubscription: oversubscriptionChanges(draft, changed),
  };
}

/** Of the quotas that change and of all above them, the application's totals included. */
function oversubscriptionChanges(
  draft: TreeDraft,
  changed: readonly string[],
): readonly OversubscriptionChange[] {
  const nodes = new Set([draft.after.id]);
  for (const quotaId of changed) {
    for (const id of [quotaId, ...ancestorsOf(quotaId), ...ancestorsOf(draft.idBefore(quotaId))]) {
      if (nodes.size < PREVIEW_OVERSUBSCRIPTION_NODES_MAX) nodes.add(id);
    }
  }
  return [...nodes].sort(byCodeUnit).flatMap((id) => oversubscriptionChangesOf(draft, id));
}

function oversubscriptionChangesOf(draft: TreeDraft, id: string): OversubscriptionChange[] {
  const [before, after] = [figuresOf(draft.before, draft.idBefore(id)), figuresOf(draft.after, id)];
  const resources = new Set([...before.keys(), ...after.keys()]);
  return [...resources].sort(byCodeUnit).flatMap((resource) => {
    const change = {
      quotaId: id,
      resource,
      before: before.get(resource) ?? null,
      after: after.get(resource) ?? null,
    };
    return change.before === change.after ? [] : [change];
  });
}

function figuresOf(state: ApplicationState, id: string): ReadonlyMap<string, bigint | null> {
  return new Map(
    oversubscriptionOf(state, id).map(({ resource, basisPoints }) => [
      resource,
      basisPoints === null ? null : BigInt(basisPoints),
    ]),
  );
}

/** By the ids that they have afterwards, or had. */
function changedQuotas(draft: TreeDraft, own: string | null): readonly string[] {
  const changed = draft.change().quotas.map(({ before, after }) => ({
    quotaId: (after ?? before)?.quotaId ?? '',
    isOwn: own !== null && (before ?? after)?.quotaId === own,
  }));
  changed.sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || byCodeUnit(a.quotaId, b.quotaId));
  return changed.map(({ quotaId }) => quotaId);
}

class PreviewBuilding {
  readonly #draft: TreeDraft;
  readonly #seen = new Set<string>();
  readonly #changes: LimitChange[] = [];
  #limits = 0;
  #omitted = 0;

  constructor(draft: TreeDraft) {
    this.#draft = draft;
  }

  /** Parents before children. */
  addWithAllBelow(quotaId: string): void {
    const waiting = [quotaId];
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      if (this.#seen.has(id)) continue;
      if (this.#limits >= PREVIEW_LIMITS_MAX) {
        this.#omitted += 1 + waiting.length;
        return;
      }
      this.#add(id);
      const room = PREVIEW_LIMITS_MAX - this.#limits;
      const children = this.#draft.after.children.get(id);
      this.#omitted += Math.max(0, (children?.size ?? 0) - room);
      waiting.push(...first(children ?? [], room));
    }
  }

  result(): Pick<Preview, 'changes' | 'omitted'> {
    return { changes: this.#changes, omitted: this.#omitted };
  }

  #add(quotaId: string): void {
    this.#seen.add(quotaId);
    const before = limitsOf(this.#draft.before, this.#draft.idBefore(quotaId));
    const after = limitsOf(this.#draft.after, quotaId);
    // A quota without limits costs a look, too.
    this.#limits += 1 + before.size + after.size;
    const resources = new Set([...before.keys(), ...after.keys()]);
    for (const resource of [...resources].sort(byCodeUnit)) {
      const change = {
        quotaId,
        resource,
        before: before.get(resource) ?? null,
        after: after.get(resource) ?? null,
      };
      if (sameLimit(change.before, change.after)) continue;
      if (this.#changes.length < PREVIEW_CHANGES_MAX) this.#changes.push(change);
      else this.#omitted += 1;
    }
  }
}

function limitsOf(state: ApplicationState, quotaId: string): ReadonlyMap<string, ResourceLimit> {
  const limits = effectiveLimits(state, quotaId);
  return new Map(limits.map(({ resource, limit }) => [resource, limit]));
}

function* first(ids: Iterable<string>, most: number): Generator<string> {
  let count = 0;
  for (const id of ids) {
    if (count >= most) return;
    count += 1;
    yield id;
  }
}
