import { describe, expect, it } from 'vitest';
import { murmur3 } from './murmur3.ts';
import { bucketOf, dayOf, dayText } from './transforms.ts';

describe('murmur3', () => {
  const long = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  };

  // The table specification, appendix B.
  it.each([
    ['int 34', long(34n), 2017239379],
    ['a date', long(17486n), -653330422],
    ['a timestamp', long(1510871468000000n), -2047944441],
    ['a text', Buffer.from('iceberg'), 1210000089],
    ['bytes', Buffer.from([0, 1, 2, 3]), -188683207],
    ['a uuid', Buffer.from('f79c3e09677c4bbda4793f349cb785e7', 'hex'), 1488055340],
    ['a decimal', Buffer.from([0x05, 0x8c]), -500754589],
  ])('gives what the specification gives for %s', (_name, bytes, hash) => {
    expect(murmur3(bytes)).toBe(hash);
  });
});

describe('the transforms', () => {
  it('count days down before the epoch too', () => {
    const day = 86_400_000_000n;
    expect([-day, -1n, 0n, day - 1n, day].map(dayOf)).toEqual([-1, -1, 0, 0, 1]);
    expect(dayText(dayOf(1_763_683_200_000_000n))).toBe('2025-11-21');
  });

  it('put a text into a bucket by its hash without the sign', () => {
    expect(bucketOf('iceberg', 16)).toBe(1210000089 % 16);
    const buckets = ['llm/chat', 'llm/code', 'moka/prod/ads'].map((id) => bucketOf(id, 4));
    expect(buckets.every((bucket) => bucket >= 0 && bucket < 4)).toBe(true);
  });
});
