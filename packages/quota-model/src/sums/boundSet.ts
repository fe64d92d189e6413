/**
 * Upper bounds with how often each occurs, so that the largest is known without a walk. A balanced
 * binary tree (Adelson-Velsky and Landis, 1962) that is never changed: adding and taking copy one path,
 * O(log n) in the number of different bounds, so that forks share the rest.
 */

/** `amount` over `per`: microseconds of a rate, 1 for everything else. */
export interface Bound {
  readonly amount: bigint;
  readonly per: bigint;
}

interface Node {
  readonly bound: Bound;
  readonly count: number;
  readonly height: number;
  readonly left: Node | null;
  readonly right: Node | null;
}

export class BoundSet {
  static readonly empty = new BoundSet(null);
  readonly #root: Node | null;

  private constructor(root: Node | null) {
    this.#root = root;
  }

  /** All at once, O(n log n). */
  static of(bounds: readonly Bound[]): BoundSet {
    const counts: { bound: Bound; count: number }[] = [];
    for (const bound of [...bounds].sort(compareBoundValues)) {
      const last = counts.at(-1);
      if (last !== undefined && compareBoundValues(last.bound, bound) === 0) last.count += 1;
      else counts.push({ bound, count: 1 });
    }
    return counts.length === 0 ? BoundSet.empty : new BoundSet(halved(counts, 0, counts.length));
  }

  /** null when it is empty. */
  get largest(): Bound | null {
    let node = this.#root;
    while (node?.right != null) node = node.right;
    return node?.bound ?? null;
  }

  plus(bound: Bound): BoundSet {
    return new BoundSet(added(this.#root, bound));
  }

  /** @throws RangeError when the bound is not in the set */
  minus(bound: Bound): BoundSet {
    const root = taken(this.#root, bound);
    return root === null ? BoundSet.empty : new BoundSet(root);
  }

  /** From the smallest, each as often as it occurs. */
  *[Symbol.iterator](): Generator<Bound> {
    yield* inOrder(this.#root);
  }
}

/** By value; equal values that are written differently (60 a minute, 1 a second) by their time. */
export function compareBoundValues(a: Bound, b: Bound): number {
  if (a.per === b.per) return a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0;
  const left = a.amount * b.per;
  const right = b.amount * a.per;
  if (left !== right) return left < right ? -1 : 1;
  return a.per < b.per ? -1 : a.per > b.per ? 1 : 0;
}

/** The tree of the sorted entries from `start` up to `end`, the middle one on top. */
function halved(
  counts: readonly { readonly bound: Bound; readonly count: number }[],
  start: number,
  end: number,
): Node | null {
  const middle = (start + end) >>> 1;
  const entry = start < end ? counts[middle] : undefined;
  if (entry === undefined) return null;
  const { bound, count } = entry;
  return nodeOf(bound, count, halved(counts, start, middle), halved(counts, middle + 1, end));
}

function* inOrder(node: Node | null): Generator<Bound> {
  if (node === null) return;
  yield* inOrder(node.left);
  for (let each = 0; each < node.count; each += 1) yield node.bound;
  yield* inOrder(node.right);
}

const heightOf = (node: Node | null): number => node?.height ?? 0;

function nodeOf(bound: Bound, count: number, left: Node | null, right: Node | null): Node {
  return { bound, count, left, right, height: 1 + Math.max(heightOf(left), heightOf(right)) };
}

function added(node: Node | null, bound: Bound): Node {
  if (node === null) return nodeOf(bound, 1, null, null);
  const order = compareBoundValues(bound, node.bound);
  if (order === 0) return { ...node, count: node.count + 1 };
  return order < 0
    ? balanced(node.bound, node.count, added(node.left, bound), node.right)
    : balanced(node.bound, node.count, node.left, added(node.right, bound));
}

function taken(node: Node | null, bound: Bound): Node | null {
  if (node === null) throw new RangeError('A bound was taken that was never added.');
  const order = compareBoundValues(bound, node.bound);
  if (order < 0) return balanced(node.bound, node.count, taken(node.left, bound), node.right);
  if (order > 0) return balanced(node.bound, node.count, node.left, taken(node.right, bound));
  if (node.count > 1) return { ...node, count: node.count - 1 };
  if (node.left === null) return node.right;
  if (node.right === null) return node.left;
  const next = smallest(node.right);
  return balanced(next.bound, next.count, node.left, withoutSmallest(node.right));
}

function smallest(node: Node): Node {
  let first = node;
  while (first.left !== null) first = first.left;
  return first;
}

function withoutSmallest(node: Node): Node | null {
  if (node.left === null) return node.right;
  return balanced(node.bound, node.count, withoutSmallest(node.left), node.right);
}

/** The heights of the two differ by 2 at most: one insertion or removal lies between. */
function balanced(bound: Bound, count: number, left: Node | null, right: Node | null): Node {
  if (left !== null && left.height > heightOf(right) + 1)
    return leftHeavy(bound, count, left, right);
  if (right !== null && right.height > heightOf(left) + 1) {
    return rightHeavy(bound, count, left, right);
  }
  return nodeOf(bound, count, left, right);
}

function leftHeavy(bound: Bound, count: number, left: Node, right: Node | null): Node {
  const inner = left.right;
  if (inner === null || heightOf(left.left) >= inner.height) {
    return nodeOf(left.bound, left.count, left.left, nodeOf(bound, count, inner, right));
  }
  return nodeOf(
    inner.bound,
    inner.count,
    nodeOf(left.bound, left.count, left.left, inner.left),
    nodeOf(bound, count, inner.right, right),
  );
}

function rightHeavy(bound: Bound, count: number, left: Node | null, right: Node): Node {
  const inner = right.left;
  if (inner === null || heightOf(right.right) >= inner.height) {
    return nodeOf(right.bound, right.count, nodeOf(bound, count, left, inner), right.right);
  }
  return nodeOf(
    inner.bound,
    inner.count,
    nodeOf(bound, count, left, inner.left),
    nodeOf(right.bound, right.count, inner.right, right.right),
  );
}
