import { describe, expect, it } from 'vitest';
import { partitionOf } from './partitionOf.ts';

// Computed with Kafka's Java client 4.1.1: Utils.toPositive(Utils.murmur2(key)) modulo 4, 32 and 7.
// The six keys from `21` on are those of Kafka's own UtilsTest.
const golden: readonly (readonly [string, number, number, number])[] = [
  ['21', 0, 12, 3],
  ['foobar', 2, 30, 0],
  ['a-little-bit-long-string', 0, 0, 1],
  ['a-little-bit-longer-string', 3, 3, 0],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', 1, 13, 3],
  ['abc', 3, 27, 4],
  ['', 1, 25, 2],
  ['a', 0, 28, 5],
  ['ab', 2, 10, 0],
  ['abcd', 0, 20, 5],
  ['abcde', 1, 29, 4],
  ['application:moka', 3, 11, 5],
  ['application:tidb', 0, 16, 3],
  ['application:llm-gateway', 2, 10, 3],
  ['organization:acme', 1, 25, 6],
  ['pricebook:eur', 2, 2, 1],
  ['tierpolicy:default', 2, 2, 1],
  ['größe', 0, 20, 4],
  ['配额', 3, 27, 6],
  ['🚀', 1, 1, 6],
];

describe('partitionOf', () => {
  it.each(golden)('places %j where the Java client does', (key, of4, of32, of7) => {
    expect([4, 32, 7].map((partitions) => partitionOf(key, partitions))).toEqual([of4, of32, of7]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d partitions', (partitions) => {
    expect(() => partitionOf('key', partitions)).toThrow(RangeError);
  });
});
