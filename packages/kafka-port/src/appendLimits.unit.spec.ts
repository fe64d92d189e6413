import { describe, expect, it } from 'vitest';
import { appendLimits, checkAppendLimits, recordBytes } from './appendLimits.ts';
import { AppendTooLarge } from './port.ts';

const record = (partition: number, bytes: number) => ({
  topic: 't',
  partition,
  key: null,
  value: Buffer.alloc(bytes),
});

describe('append limits', () => {
  it('counts keys, values and headers', () => {
    const bare = recordBytes({ topic: 't', partition: 0, key: null, value: null });
    const full = {
      ...record(0, 100),
      key: Buffer.from('größe'),
      headers: { name: 'größe', raw: Buffer.alloc(3) },
    };
    expect(recordBytes(full) - bare).toBe(100 + 7 + (10 + 4 + 7) + (10 + 3 + 3));
  });

  it('allows each partition its share and refuses one byte too many in one', () => {
    const most = appendLimits.partitionBytesMax - recordBytes(record(0, 0));
    expect(() => checkAppendLimits([record(0, most), record(1, most)])).not.toThrow();
    expect(() => checkAppendLimits([record(0, most + 1)])).toThrow(AppendTooLarge);
    expect(() => checkAppendLimits([record(0, most), record(0, 0)])).toThrow(AppendTooLarge);
  });

  it('bounds the whole call in records and bytes', () => {
    const many = Array.from({ length: appendLimits.recordsMax + 1 }, () => record(0, 0));
    expect(() => checkAppendLimits(many)).toThrow(/10000 at most/);
    const wide = Array.from({ length: 10 }, (_, partition) => record(partition, 850_000));
    expect(() => checkAppendLimits(wide)).toThrow(/8000000 at most/);
  });
});
