import * as fc from 'fast-check';
import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import type { JudgedRecord } from './judgeRecord.ts';
import { markerOf, RangeBuffer } from './rangeBuffer.ts';

const rule = { recordsMax: 10, intervalMs: 1_000 };
const record = (offset: bigint, timestampMs = 0, bytes = 1): LogRecord => ({
  topic: 'usage.events',
  partition: 0,
  offset,
  timestampMs,
  key: null,
  value: Buffer.alloc(bytes, Number(offset % 251n)),
  headers: new Map(),
});
const aside: JudgedRecord = {
  kind: 'quarantine',
  row: {
    offset: 0n,
    timestampMs: 0,
    reason: 'UNREADABLE',
    detail: '',
    key: null,
    valueBytes: 0,
    valueSha256: '',
    value: Buffer.alloc(0),
  },
};

function cuts(records: readonly LogRecord[], from: bigint): [bigint, bigint][] {
  const buffer = new RangeBuffer(rule, from);
  const ranges: [bigint, bigint][] = [];
  const cut = (): void => {
    const range = buffer.cut();
    if (range !== null) ranges.push([range.from, range.to]);
  };
  for (const each of records) {
    if (buffer.cutsBefore(each)) cut();
    buffer.add(each, aside);
  }
  cut();
  return ranges;
}

describe('RangeBuffer', () => {
  it('cuts at multiples of the count, wherever it began', () => {
    const records = [7n, 8n, 9n, 10n, 11n, 25n].map((offset) => record(offset));
    expect(cuts(records, 7n)).toEqual([
      [7n, 10n],
      [10n, 12n],
      [12n, 26n],
    ]);
  });

  it('cuts where the log time enters another interval', () => {
    const records = [record(0n, 10), record(1n, 999), record(2n, 1_000), record(3n, 5_000)];
    expect(cuts(records, 0n)).toEqual([
      [0n, 2n],
      [2n, 3n],
      [3n, 4n],
    ]);
  });

  it('cuts before memory is full', () => {
    const records = [0n, 1n, 2n].map((offset) => record(offset, 0, 12_000_000));
    expect(cuts(records, 0n)).toEqual([
      [0n, 2n],
      [2n, 3n],
    ]);
  });

  it('refuses an offset that came before', () => {
    const buffer = new RangeBuffer(rule, 5n);
    expect(() => buffer.add(record(4n), aside)).toThrow(RangeError);
  });

  it('cuts at the same places when it is read again from any cut', () => {
    const steps = fc.array(
      fc.tuple(fc.bigInt({ min: 1n, max: 3n }), fc.integer({ min: 0, max: 700 })),
      { minLength: 1, maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, fc.nat(), (gaps, pick) => {
        let [offset, at] = [-1n, 0];
        const records = gaps.map(([gap, wait]) => record((offset += gap), (at += wait)));
        const all = cuts(records, 0n);
        for (const [index, [, to]] of all.entries()) expect(all[index + 1]?.[0] ?? to).toBe(to);
        const again = pick % all.length;
        const from = all[again]![0];
        expect(
          cuts(
            records.filter((each) => each.offset >= from),
            from,
          ),
        ).toEqual(all.slice(again));
      }),
    );
  });
});

describe('markerOf', () => {
  it('tells records apart by time, key and value', () => {
    const plain = record(1n);
    const others = [
      { ...plain, timestampMs: 1 },
      { ...plain, value: Buffer.from('x') },
      { ...plain, value: null },
      { ...plain, key: Buffer.from('') },
    ];
    const hashes = [plain, ...others].map((each) => markerOf(each).sha256);
    expect(new Set(hashes).size).toBe(5);
    expect(markerOf({ ...plain })).toEqual(markerOf(plain));
  });
});
