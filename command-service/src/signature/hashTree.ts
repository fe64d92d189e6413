import { hash } from 'node:crypto';

/** Bytes of a SHA-256. */
const HASH_BYTES = 32;
/** A step of a path: on which side the neighbour stands, and its hash. */
const STEP_BYTES = 1 + HASH_BYTES;
/** Leaves of one tree: a turn of a busy gateway has fewer, and a path stays short. */
export const LEAVES_MAX = 256;
/** log2 of that: what a reader does for one path at most. */
const STEPS_MAX = 8;

/** A leaf can never be taken for a node, nor a node for a leaf: RFC 9162, 2.1.1. */
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);
const LEFT = 0;
const RIGHT = 1;

export function leafOf(bytes: Buffer): Buffer {
  return hash('sha256', Buffer.concat([LEAF, bytes]), 'buffer');
}

export interface HashTree {
  readonly root: Buffer;
  /** For each leaf in order: the neighbours on its way to the root. */
  readonly paths: readonly Buffer[];
}

/**
 * A tree over leaves; on each level a last one without a neighbour goes up as it is.
 * Source: Merkle's tree, with the leaf and node prefixes of RFC 9162.
 * @param leaves 1 to LEAVES_MAX
 */
export function treeOf(leaves: readonly Buffer[]): HashTree {
  const steps: Buffer[][] = leaves.map(() => []);
  let level = leaves.map((leaf, index) => ({ hash: leaf, below: [index] }));
  while (level.length > 1) {
    const next: typeof level = [];
    for (let at = 0; at < level.length; at += 2) {
      const left = level[at];
      const right = level[at + 1];
      if (left === undefined) break;
      if (right === undefined) {
        next.push(left);
        continue;
      }
      for (const index of left.below) steps[index]?.push(Buffer.from([RIGHT]), right.hash);
      for (const index of right.below) steps[index]?.push(Buffer.from([LEFT]), left.hash);
      const below = [...left.below, ...right.below];
      next.push({ hash: nodeOf(left.hash, right.hash), below });
    }
    level = next;
  }
  const [top] = level;
  if (top === undefined) throw new RangeError('A tree has at least one leaf.');
  return { root: top.hash, paths: steps.map((each) => Buffer.concat(each)) };
}

/** The root that a leaf and its path lead to; null when the path has no readable form. */
export function rootFrom(leaf: Buffer, path: Buffer): Buffer | null {
  const steps = path.length / STEP_BYTES;
  if (!Number.isInteger(steps) || steps > STEPS_MAX) return null;
  let reached = leaf;
  for (let at = 0; at < path.length; at += STEP_BYTES) {
    const neighbour = path.subarray(at + 1, at + STEP_BYTES);
    const side = path[at];
    if (side === RIGHT) reached = nodeOf(reached, neighbour);
    else if (side === LEFT) reached = nodeOf(neighbour, reached);
    else return null;
  }
  return reached;
}

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}
