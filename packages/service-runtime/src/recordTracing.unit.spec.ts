import type { LogRecord } from '@prorata/kafka-port';
import { describe, expect, it } from 'vitest';
import { recordTracing } from './recordTracing.ts';
import { tracingInMemory } from './testing/tracingInMemory.ts';

const traceOf = (number: number): string => `${number}`.padStart(32, 'a');
const parentOf = (number: number): string => `00-${traceOf(number)}-b7ad6b7169203331-01`;

const record = (offset: number, traceparent?: string): LogRecord => ({
  topic: 'quota.events',
  partition: 3,
  offset: BigInt(offset),
  timestampMs: 0,
  key: null,
  value: null,
  headers: new Map(
    traceparent === undefined ? [] : [['traceparent', Buffer.from(traceparent)] as const],
  ),
});

function traced(records: readonly LogRecord[], next: bigint) {
  const { tracing, spans } = tracingInMemory('test');
  recordTracing(tracing, 'write rules')?.(records).ended(next);
  return spans().map(({ attributes, name, traceId, parentSpanId, isFault }) => ({
    name,
    traceId,
    parentSpanId,
    records: attributes['prorata.records'],
    offset: attributes['messaging.kafka.offset'],
    isFault,
  }));
}

describe('the traces of records', () => {
  it('get one span for all that one command became', () => {
    const records = [
      record(5, parentOf(1)),
      record(6),
      record(7, parentOf(2)),
      record(8, parentOf(1)),
    ];
    const shared = { name: 'write rules', parentSpanId: 'b7ad6b7169203331', isFault: false };
    expect(traced(records, 9n)).toEqual([
      { ...shared, traceId: traceOf(1), records: 2, offset: '5' },
      { ...shared, traceId: traceOf(2), records: 1, offset: '7' },
    ]);
  });

  it('tell of what is not through that it is not', () => {
    const records = [record(5, parentOf(1)), record(6, parentOf(2))];
    expect(traced(records, 6n).map(({ isFault }) => isFault)).toEqual([false, true]);
  });

  it('have no part in a trace that its first service does not record', () => {
    expect(traced([record(5, parentOf(1).replace(/01$/, '00'))], 6n)).toEqual([]);
  });

  it('are joined as far as a bound goes, however many come at once', () => {
    const records = Array.from({ length: 700 }, (_, index) => record(index, parentOf(index)));
    expect(traced(records, 700n)).toHaveLength(500);
  });

  it('are nobody’s where nothing is traced', () => {
    expect(recordTracing(null, 'write rules')).toBeUndefined();
  });
});
