/**
 * Ids in their order, never changed: adding and taking copy one path of a B+ tree (Bayer and McCreight,
 * 1972; ids in the leaves alone), O(log n), so that forks share the rest. An id costs 8 to 16 bytes
 * beside its text, which others hold.
 */
import { byCodeUnit } from '../ids.ts';

/** Entries of one node: few enough to be copied with every change, enough for a flat tree. */
const ENTRIES_MAX = 64;
/** A node with fewer is joined with the one beside it. */
const ENTRIES_MIN = 16;

interface Leaf {
  readonly nodes: null;
  readonly keys: readonly string[];
  readonly size: number;
}

interface Branch {
  readonly nodes: readonly Node[];
  /** The first id of each node. */
  readonly keys: readonly string[];
  /** Ids below. */
  readonly size: number;
}

type Node = Leaf | Branch;

export class OrderedIds {
  static readonly empty = new OrderedIds(leafOf([]));
  readonly #root: Node;

  private constructor(root: Node) {
    this.#root = root;
  }

  /** All at once, O(n log n), and O(n) when they are in order already. Each id comes once. */
  static of(ids: readonly string[]): OrderedIds {
    return OrderedIds.#over(partsOf([...ids].sort(byCodeUnit)).map(leafOf));
  }

  static #over(nodes: readonly Node[]): OrderedIds {
    let level = nodes;
    while (level.length > 1) level = partsOf(level).map(branchOf);
    let [root] = level;
    while (root !== undefined && root.nodes !== null && root.nodes.length < 2) [root] = root.nodes;
    return root === undefined || root.size === 0 ? OrderedIds.empty : new OrderedIds(root);
  }

  get size(): number {
    return this.#root.size;
  }

  /** With more ids, in their order; O(ids + log n) where they lie together. The same set when all are in it. */
  plus(ids: readonly string[]): OrderedIds {
    const [only, second] = ids;
    const grown = only === undefined || second !== undefined ? null : grownBy(this.#root, only);
    if (grown !== null) return grown === this.#root ? this : new OrderedIds(grown);
    const nodes = added(this.#root, ids);
    return nodes[0] === this.#root ? this : OrderedIds.#over(nodes);
  }

  /** Without some ids, given in their order. The same set when none is in it. */
  minus(ids: readonly string[]): OrderedIds {
    const root = taken(this.#root, ids);
    return root === this.#root ? this : OrderedIds.#over([root]);
  }

  /** The first ids that come after one, at most so many, in O(most + log n). */
  after(id: string, most: number): readonly string[] {
    const ids: string[] = [];
    collect(this.#root, id, most, ids);
    return ids;
  }

  *[Symbol.iterator](): Generator<string> {
    yield* inOrder(this.#root);
  }
}

function leafOf(keys: readonly string[]): Leaf {
  return { nodes: null, keys, size: keys.length };
}

function branchOf(nodes: readonly Node[]): Branch {
  const keys = nodes.map((node) => node.keys[0] ?? '');
  return { nodes, keys, size: nodes.reduce((sum, node) => sum + node.size, 0) };
}

/** As few parts as the bound allows, of almost one length; one when there are no more than it. */
function partsOf<T>(entries: readonly T[]): readonly (readonly T[])[] {
  const parts = Math.ceil(entries.length / ENTRIES_MAX);
  if (parts <= 1) return [entries];
  return Array.from({ length: parts }, (_, part) =>
    entries.slice(
      Math.floor((part * entries.length) / parts),
      Math.floor(((part + 1) * entries.length) / parts),
    ),
  );
}

/** How many of the keys are not after the id. */
function placeOf(keys: readonly string[], id: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The node with one more id, which is what most events bring: itself when it has the id, null when there
 * is no room where it belongs.
 */
function grownBy(node: Node, id: string): Node | null {
  const { nodes, keys, size } = node;
  const place = placeOf(keys, id);
  if (nodes === null) {
    if (keys[place - 1] === id) return node;
    return keys.length < ENTRIES_MAX ? leafOf(keys.toSpliced(place, 0, id)) : null;
  }
  const index = Math.max(0, place - 1);
  const former = nodes[index];
  const grown = former === undefined ? null : grownBy(former, id);
  if (grown === null || grown === former) return grown === null ? null : node;
  const [first = id] = grown.keys;
  const isFirst = first === keys[index];
  return {
    nodes: nodes.with(index, grown),
    keys: isFirst ? keys : keys.with(index, first),
    size: size + 1,
  };
}

/** What stands in the node's place: the node itself when it has all ids, several when it was full. */
function added(node: Node, ids: readonly string[]): readonly Node[] {
  if (node.nodes === null) {
    const keys = merged(node.keys, ids);
    return keys.length === node.keys.length ? [node] : partsOf(keys).map(leafOf);
  }
  const nodes = eachWithIds(node, ids, added);
  return nodes === null ? [node] : partsOf(nodes).map(branchOf);
}

/** The node without the ids, perhaps with too few entries or none: its parent sees to that. */
function taken(node: Node, ids: readonly string[]): Node {
  if (node.nodes === null) {
    const gone = new Set(ids);
    const keys = node.keys.filter((key) => !gone.has(key));
    return keys.length === node.keys.length ? node : leafOf(keys);
  }
  const nodes = eachWithIds(node, ids, (each, some) => [taken(each, some)]);
  return nodes === null ? node : branchOf(joined(nodes));
}

/** The nodes of a branch after each was given the ids in its range; null: none of them has changed. */
function eachWithIds(
  { nodes, keys }: Branch,
  ids: readonly string[],
  change: (node: Node, ids: readonly string[]) => readonly Node[],
): readonly Node[] | null {
  const next = [...nodes];
  let isChanged = false;
  // From the end, so that places before it stay what they are.
  for (let end = ids.length; end > 0;) {
    const index = Math.max(0, placeOf(keys, ids[end - 1] ?? '') - 1);
    const former = nodes[index];
    if (former === undefined) break;
    let start = end - 1;
    while (start > 0 && (index === 0 || (ids[start - 1] ?? '') >= (keys[index] ?? ''))) start -= 1;
    const changed = change(former, ids.slice(start, end));
    if (changed[0] !== former) {
      isChanged = true;
      next.splice(index, 1, ...changed);
    }
    end = start;
  }
  return isChanged ? next : null;
}

/** Two sorted lists as one, what is in both once. */
function merged(left: readonly string[], right: readonly string[]): readonly string[] {
  const keys: string[] = [];
  let at = 0;
  for (const key of left) {
    for (; at < right.length && (right[at] ?? '') < key; at += 1) keys.push(right[at] ?? '');
    if (right[at] === key) at += 1;
    keys.push(key);
  }
  return at === right.length ? keys : [...keys, ...right.slice(at)];
}

/** Neighbours of one level, those with too few entries together with the one before them. */
function joined(nodes: readonly Node[]): readonly Node[] {
  const kept: Node[] = [];
  for (const node of nodes) {
    if (node.size === 0) continue;
    const before = kept.at(-1);
    const isFew = Math.min(node.keys.length, before?.keys.length ?? 0) < ENTRIES_MIN;
    if (before === undefined || !isFew) kept.push(node);
    else kept.splice(-1, 1, ...join(before, node));
  }
  return kept;
}

function join(left: Node, right: Node): readonly Node[] {
  if (left.nodes !== null && right.nodes !== null) {
    return partsOf([...left.nodes, ...right.nodes]).map(branchOf);
  }
  return partsOf([...left.keys, ...right.keys]).map(leafOf);
}

function collect(node: Node, after: string, most: number, ids: string[]): void {
  const place = placeOf(node.keys, after);
  if (node.nodes === null) {
    for (const id of node.keys.slice(place, place + most - ids.length)) ids.push(id);
    return;
  }
  for (const each of node.nodes.slice(Math.max(0, place - 1))) {
    if (ids.length >= most) return;
    collect(each, after, most, ids);
  }
}

function* inOrder(node: Node): Generator<string> {
  if (node.nodes === null) yield* node.keys;
  else for (const each of node.nodes) yield* inOrder(each);
}
