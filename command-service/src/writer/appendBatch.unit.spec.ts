import { recordBytes } from '@prorata/kafka-port';
import type { OutRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { AppendBatch } from './appendBatch.ts';

const record = (topic: string, bytes: number): OutRecord => ({
  topic,
  partition: 0,
  key: null,
  value: Buffer.alloc(bytes),
});

describe('a batch for one append', () => {
  it('counts each topic by itself', () => {
    const batch = new AppendBatch(1_000);
    expect(batch.add([record('events', 800), record('outcomes', 800)])).toBe(true);
    expect(batch.add([record('events', 800)])).toBe(false);
    expect(batch.records).toHaveLength(2);
  });

  it('takes what belongs together whole or not at all', () => {
    const batch = new AppendBatch(1_000);
    expect(batch.add([record('outcomes', 10), record('events', 2_000)])).toBe(false);
    expect(batch.isEmpty).toBe(true);
    expect(batch.add([record('outcomes', 900)])).toBe(true);
  });

  it('is full exactly at its limit', () => {
    const limit = recordBytes(record('events', 100)) * 2;
    const batch = new AppendBatch(limit);
    expect(batch.add([record('events', 100)])).toBe(true);
    expect(batch.add([record('events', 101)])).toBe(false);
    expect(batch.add([record('events', 100)])).toBe(true);
  });
});
