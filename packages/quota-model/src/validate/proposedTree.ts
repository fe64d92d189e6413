/** The tree as it would be after a decision: the state, with one quota as proposed. */
import type { ResourceLimit } from '@prorata/schemas';
import { ancestorsOf, parentOf } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import type { ApplicationState } from '../model.ts';

/** A quota as a decision would leave it. */
export interface Candidate {
  readonly quotaId: string;
  /** Its own project, not an inherited one. */
  readonly project: string | null;
  /** What it would declare (base, then rightsized). */
  readonly limitOf: (resource: string) => ResourceLimit | null;
}

export interface ProposedTree {
  readonly state: ApplicationState;
  /** null: the state as it is. */
  readonly candidate: Candidate | null;
}

/** A quota that declares a limit. */
export interface Setter {
  readonly quotaId: string;
  readonly limit: ResourceLimit;
}

export function limitIn(tree: ProposedTree, id: string, resource: string): ResourceLimit | null {
  if (tree.candidate?.quotaId === id) return tree.candidate.limitOf(resource);
  const quota = tree.state.quotas.get(id);
  return quota === undefined ? null : declaredLimit(quota, resource);
}

function projectIn(tree: ProposedTree, id: string): string | null {
  if (tree.candidate?.quotaId === id) return tree.candidate.project;
  return tree.state.quotas.get(id)?.content.project ?? null;
}

/** Ids of the children, in no order: a list or the state's own set, since a walk meets many. */
function childrenIn(tree: ProposedTree, id: string): Iterable<string> {
  const { state, candidate } = tree;
  const children = state.children.get(id) ?? [];
  if (candidate === null || parentOf(candidate.quotaId) !== id) return children;
  return state.quotas.has(candidate.quotaId) ? children : [...children, candidate.quotaId];
}

/** The nearest ancestor that declares the resource. */
export function setterAbove(tree: ProposedTree, quotaId: string, resource: string): Setter | null {
  for (const id of ancestorsOf(quotaId)) {
    const limit = limitIn(tree, id, resource);
    if (limit !== null) return { quotaId: id, limit };
  }
  return null;
}

/**
 * The nearest quotas below `id` that declare the resource: those whose limits count against it. A level
 * that declares nothing is looked through, so that leaving a level out evades no sum.
 */
export function* settersBelow(tree: ProposedTree, id: string, resource: string): Generator<Setter> {
  for (const child of childrenIn(tree, id)) {
    const limit = limitIn(tree, child, resource);
    if (limit === null) yield* settersBelow(tree, child, resource);
    else yield { quotaId: child, limit };
  }
}

/** The top-most quotas through which a project holds the resource. */
export function* settersOfProject(
  tree: ProposedTree,
  project: string,
  resource: string,
  under: string = tree.state.id,
): Generator<Setter> {
  for (const child of childrenIn(tree, under)) {
    const payer = projectIn(tree, child);
    if (payer === project) {
      const limit = limitIn(tree, child, resource);
      if (limit === null) yield* settersBelow(tree, child, resource);
      else yield { quotaId: child, limit };
    } else if (payer === null) yield* settersOfProject(tree, project, resource, child);
  }
}
