import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadTree } from './headTree.ts';
import type { StreamEnd } from './headTree.ts';

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/** As the RFC writes it: split at the largest power of two below the count. */
function plainRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split))];
  return sha256(Buffer.from([1]), left, right);
}

function plainLeaf({ stream, version, hash }: StreamEnd): Buffer {
  const text = `["${stream}","${version}","${Buffer.from(hash).toString('hex')}"]`;
  return sha256(Buffer.from([0]), Buffer.from(text));
}

const endOf = (number: number, version: bigint): StreamEnd => ({
  stream: `application:a${number}`,
  version,
  hash: sha256(Buffer.from(`${number} ${version}`)),
});

describe('the tree of heads', () => {
  it('has the root of the RFC after any changes, asked for at any moment', () => {
    const change = fc.record({ stream: fc.nat(40), isAsked: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), (changes) => {
        const tree = new HeadTree();
        const ends = new Map<number, StreamEnd>();
        for (const { stream, isAsked } of changes) {
          const end = endOf(stream, (ends.get(stream)?.version ?? 0n) + 1n);
          ends.set(stream, end);
          tree.set(end);
          if (isAsked) expect(tree.root()).toEqual(plainRoot([...ends.values()].map(plainLeaf)));
        }
        expect(tree.root()).toEqual(plainRoot([...ends.values()].map(plainLeaf)));
        expect(tree.size).toBe(ends.size);
      }),
    );
  });

  it('tells streams, versions, hashes and their order apart', () => {
    const rootOf = (...ends: readonly StreamEnd[]): string => {
      const tree = new HeadTree();
      for (const end of ends) tree.set(end);
      return tree.root().toString('hex');
    };
    const [one, two] = [endOf(1, 1n), endOf(2, 1n)];
    const roots = [
      rootOf(),
      rootOf(one),
      rootOf(one, two),
      rootOf(two, one),
      rootOf({ ...one, version: 2n }, two),
      rootOf({ ...one, hash: two.hash }, two),
      rootOf({ ...one, stream: 'application:a3' }, two),
    ];
    expect(new Set(roots).size).toBe(roots.length);
  });
});
