/**
 * Whom the steps of a proposal mean. They name quotas by the paths of the moment at which they were sent, and by
 * those that earlier steps give; quotas move while a proposal waits, and others take their paths. So each
 * step keeps the alias of who was there, under which the state knows where they are by now: a move costs
 * what moves, however many proposals wait, and nobody is reached who was not meant.
 */
import type { TreeStep } from '@prorata/schemas';
import { isWithin, movedId, parentOf } from '../ids.ts';

/** A text: an alias, or `APPLICATION`. A number: what the step at this place creates. */
export type MeantNode = string | number;

export interface MeantStep {
  /** Whom it changes, restores, moves or deletes; null: it creates. */
  readonly quota: MeantNode | null;
  /** In what it creates, or to what it moves; null: it does neither. */
  readonly into: MeantNode | null;
  /** The quota's version when it was proposed, where the step expects one of a quota that was there. */
  readonly version: bigint | null;
}

/** The application itself, in which the first level is. No alias is empty. */
export const APPLICATION = '';
/** Whom nobody knows: an alias that is never given. */
export const NOBODY = '?';

/** A quota that is made, or moved, by a step. */
interface Place {
  readonly step: number;
  /** Where it was; null: the step creates it. */
  readonly from: string | null;
  readonly at: string;
}

/** @param aliasOf a quota that is there before the steps, by its path. */
export function meantSteps(
  application: string,
  steps: readonly TreeStep[],
  aliasOf: (quotaId: string) => string,
): readonly Omit<MeantStep, 'version'>[] {
  const places: Place[] = [];
  const nodeOf = (path: string): MeantNode => {
    let id = path;
    for (const { step, from, at } of places.toReversed()) {
      if (from === null && id === at) return step;
      if (from !== null && isWithin(id, at)) id = movedId(id, at, from);
    }
    return id === application ? APPLICATION : aliasOf(id);
  };
  return steps.map((step, index) => {
    const { quotaId, toQuotaId } = pathsOf(step);
    const meant = {
      quota: quotaId === null ? null : nodeOf(quotaId),
      into: toQuotaId === null ? null : nodeOf(parentOf(toQuotaId)),
    };
    if (toQuotaId !== null) places.push({ step: index, from: quotaId, at: toQuotaId });
    return meant;
  });
}

/** Steps by the paths of now. */
export interface NamedSteps {
  /** What means somebody who is gone stands as it was sent. */
  readonly steps: readonly TreeStep[];
  /** Who was meant and is gone, by the steps' places and the ids that were sent. */
  readonly gone: readonly { readonly step: number; readonly quotaId: string }[];
}

/** The steps by the paths of now, each by those that the steps before it leave. O(steps × moves among them). */
export function namedSteps(
  application: string,
  steps: readonly TreeStep[],
  meant: readonly Omit<MeantStep, 'version'>[],
  quotaOf: (alias: string) => string | undefined,
): NamedSteps {
  const places: Place[] = [];
  const gone: { step: number; quotaId: string }[] = [];
  const pathOf = (node: MeantNode): string | null => {
    const made = places.findIndex(({ step }) => step === node);
    const first = typeof node === 'number' ? places[made]?.at : idOf(node);
    if (first === undefined) return null;
    return places
      .slice(made + 1)
      .reduce((id, { from, at }) => (from === null ? id : renamed(id, from, at)), first);
  };
  const idOf = (alias: string): string | undefined =>
    alias === APPLICATION ? application : quotaOf(alias);
  const named = steps.map((step, index) => {
    const { quotaId, toQuotaId } = pathsOf(step);
    const { quota = null, into = null } = meant[index] ?? {};
    const at = quota === null ? null : pathOf(quota);
    const parent = into === null ? null : pathOf(into);
    if (quotaId !== null && at === null) gone.push({ step: index, quotaId });
    else if (toQuotaId !== null && parent === null) {
      gone.push({ step: index, quotaId: parentOf(toQuotaId) });
    }
    const from = at ?? quotaId;
    const to = parent === null || toQuotaId === null ? toQuotaId : `${parent}/${lastOf(toQuotaId)}`;
    if (to !== null) places.push({ step: index, from, at: to });
    return withPaths(step, from ?? '', to ?? '');
  });
  return { steps: named, gone };
}

/** The paths that a step says: of whom it is about, and where it creates or to where it moves. */
function pathsOf({ create, change, move, restore, delete: removal }: TreeStep) {
  const quotaId = change?.quotaId ?? move?.quotaId ?? restore?.quotaId ?? removal?.quotaId ?? null;
  return { quotaId, toQuotaId: create?.quotaId ?? move?.toQuotaId ?? null };
}

/** A step with other paths: of whom it is about, and where it creates or to where it moves. */
export function withPaths(step: TreeStep, quotaId: string, toQuotaId: string): TreeStep {
  const { create, change, move, restore, delete: removal } = step;
  return {
    ...step,
    create: create && { ...create, quotaId: toQuotaId },
    change: change && { ...change, quotaId },
    move: move && { ...move, quotaId, toQuotaId },
    restore: restore && { ...restore, quotaId },
    delete: removal && { ...removal, quotaId },
  };
}

function renamed(id: string, from: string, to: string): string {
  return isWithin(id, from) ? movedId(id, from, to) : id;
}

function lastOf(quotaId: string): string {
  return quotaId.slice(quotaId.lastIndexOf('/') + 1);
}

/** Whether two lists of steps say the same of the same quotas, whatever these are called. */
export const lastSegments = (step: TreeStep): TreeStep =>
  withPaths(step, '', lastOf(pathsOf(step).toQuotaId ?? ''));
