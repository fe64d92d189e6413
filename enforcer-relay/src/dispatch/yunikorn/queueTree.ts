/** The queues of an application, bounded as YuniKorn can hold it; what it cannot is made tighter, and noted. */
import type { ResourceLimit } from '@prorata/schemas';
import type { DispatchedQuota, DispatchedSet } from '../dispatcher.ts';

export interface QueueNode {
  readonly quotaId: string;
  /** The last segment of the quota's id. */
  readonly name: string;
  readonly children: QueueNode[];
  /** By YuniKorn's type, base units; a type that is absent is not bounded here. */
  readonly max: Map<string, bigint>;
  readonly guaranteed: Map<string, bigint>;
  /** The most applications; null: not bounded here. 0: none may run. */
  applications: bigint | null;
}

export interface TreeTerms {
  /** YuniKorn's type by resource. */
  readonly types: ReadonlyMap<string, string>;
  /** The resource that counts applications; null: none does. */
  readonly applications: string | null;
}

/** The top-most queues, each with those below it. */
export function queueTree(
  { application, quotas }: DispatchedSet,
  terms: TreeTerms,
  note: (line: string) => void,
): readonly QueueNode[] {
  const nodes = new Map<string, QueueNode>();
  const top: QueueNode[] = [];
  for (const quota of quotas) {
    const node = nodeOf(quota, terms);
    nodes.set(node.quotaId, node);
    const parent = nodes.get(node.quotaId.slice(0, node.quotaId.lastIndexOf('/')));
    if (parent !== undefined) parent.children.push(node);
    else if (node.quotaId === `${application}/${node.name}`) top.push(node);
    else throw new RangeError(`There is no quota above ${node.quotaId}.`);
  }
  for (const node of top) {
    boundByThoseAbove(node, new Map(), null, note);
    fitGuarantees(node, new Map(), note);
  }
  return top;
}

/** Hosts would not hold to a rule in another mode than enforce, and neither does the queue: it is bounded from above alone. */
function nodeOf({ rule }: DispatchedQuota, { types, applications }: TreeTerms): QueueNode {
  const { quotaId, limits, mode } = rule;
  const max = new Map<string, bigint>();
  const guaranteed = new Map<string, bigint>();
  let most: bigint | null = null;
  for (const limit of limits) {
    const type = types.get(limit.resource);
    const bound = mode === 'enforce' ? boundOf(limit) : null;
    if (type !== undefined && limit.kind === 'capacity') {
      if (bound !== null) max.set(type, bound);
      const kept = limit.bound === 'blocked' ? 0n : (limit.guaranteed ?? 0n);
      if (kept > 0n) guaranteed.set(type, kept);
    } else if (limit.resource === applications && limit.kind === 'concurrency') most = bound;
  }
  const name = quotaId.slice(quotaId.lastIndexOf('/') + 1);
  return { quotaId, name, children: [], max, guaranteed, applications: most };
}

const boundOf = ({ bound, amount }: ResourceLimit): bigint | null =>
  bound === 'unlimited' ? null : bound === 'blocked' ? 0n : amount;

/**
 * No max above the nearest one above it, and a most of applications wherever there is one above: an override may
 * outweigh the cuts above it for hosts, and YuniKorn holds no such thing.
 */
function boundByThoseAbove(
  node: QueueNode,
  above: ReadonlyMap<string, bigint>,
  applications: bigint | null,
  note: (line: string) => void,
): void {
  for (const [type, amount] of node.max) {
    const most = above.get(type);
    if (most === undefined || amount <= most) continue;
    note(
      `${node.quotaId}: ${type} is held at ${most.toString()}, the most above it, not ${amount.toString()}.`,
    );
    node.max.set(type, most);
  }
  if (applications !== null) {
    node.applications = least(node.applications ?? applications, applications);
  }
  const here = new Map([...above, ...node.max]);
  for (const child of node.children) boundByThoseAbove(child, here, node.applications, note);
}

/**
 * What a queue keeps is no more than its max, and what those below it keep is no more than what it keeps, or its
 * max: overrides may promise more than there is. All of one parent are scaled alike then, rounded down.
 *
 * @param granted by type: what the queue may claim; absent: as much as it says
 */
function fitGuarantees(
  node: QueueNode,
  granted: ReadonlyMap<string, bigint>,
  note: (line: string) => void,
  above: ReadonlyMap<string, bigint> = new Map(),
): void {
  const most = new Map([...above, ...node.max]);
  for (const [type, amount] of node.guaranteed) {
    const fit = least(amount, granted.get(type) ?? amount, most.get(type) ?? amount);
    if (fit === amount) continue;
    note(`${node.quotaId}: ${fit.toString()} of ${type} are guaranteed, not ${amount.toString()}.`);
    if (fit === 0n) node.guaranteed.delete(type);
    else node.guaranteed.set(type, fit);
  }
  const claims = node.children.map((child) => claimOf(child, most));
  const shares = claims.map(() => new Map<string, bigint>());
  for (const type of new Set(claims.flatMap((claim) => [...claim.keys()]))) {
    const sum = claims.reduce((all, claim) => all + (claim.get(type) ?? 0n), 0n);
    const own = node.guaranteed.get(type) ?? granted.get(type) ?? most.get(type) ?? sum;
    const room = least(own, most.get(type) ?? own);
    if (sum <= room) continue;
    for (const [index, claim] of claims.entries()) {
      shares[index]?.set(type, ((claim.get(type) ?? 0n) * room) / sum);
    }
  }
  for (const [index, child] of node.children.entries()) {
    fitGuarantees(child, shares[index] ?? new Map(), note, most);
  }
}

/** What a queue claims of the one above: what it keeps, or what those below it do. */
function claimOf(node: QueueNode, above: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const most = new Map([...above, ...node.max]);
  const claim = new Map<string, bigint>();
  for (const child of node.children) {
    for (const [type, amount] of claimOf(child, most)) {
      claim.set(type, (claim.get(type) ?? 0n) + amount);
    }
  }
  for (const [type, amount] of node.guaranteed) claim.set(type, amount);
  for (const [type, amount] of claim) claim.set(type, least(amount, most.get(type) ?? amount));
  return claim;
}

function least(...amounts: readonly [bigint, ...bigint[]]): bigint {
  return amounts.reduce((smallest, amount) => (amount < smallest ? amount : smallest));
}
