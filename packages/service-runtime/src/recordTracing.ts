import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Attributes, Span } from '@opentelemetry/api';
import type { LogRecord } from '@prorata/kafka-port';
import type { Tracing } from './tracing.ts';

/** Of records that are handed over at once so many traces are joined; the others lack this part, and nothing else. */
const TRACES_MAX = 500;

/** The part that whoever follows a topic has in the traces of some of its records. */
export interface RecordSpans {
  /**
   * What became of them: whatever stands before `next` is through, the rest is not, and may come again.
   * @param next offset of the first record that is not through
   */
  ended(next: bigint): void;
}

/** Begins a span in each trace that the records of one partition belong to. */
export type TraceRecords = (records: readonly LogRecord[]) => RecordSpans;

/**
 * Joins the traces that records carry in their header `traceparent`: one span for all that one command became.
 * It is a hint of whoever wrote the record, and decides nothing. A record without one costs nothing.
 * @param name of the span, such as `write rules`
 * @returns undefined where nothing is traced
 */
export function recordTracing(
  tracing: Tracing | null,
  name: string,
  attributes: Attributes = {},
): TraceRecords | undefined {
  if (tracing === null) return undefined;
  return (records) => {
    const begun = new Map<string, Begun>();
    for (const { headers, topic, partition, offset } of records) {
      const traceparent = headers.get('traceparent')?.toString('latin1');
      if (traceparent === undefined) continue;
      const known = begun.get(traceparent);
      if (known !== undefined) {
        known.last = offset;
        known.records += 1;
      } else if (begun.size < TRACES_MAX) {
        const options = {
          kind: SpanKind.CONSUMER,
          attributes: {
            ...attributes,
            'messaging.destination.name': topic,
            'messaging.destination.partition.id': String(partition),
            'messaging.kafka.offset': String(offset),
          },
        };
        const context = tracing.contextOf(traceparent);
        const span = tracing.tracer.startSpan(name, options, context);
        begun.set(traceparent, { span, last: offset, records: 1 });
      }
    }
    return { ended: (next) => endAll(begun.values(), next) };
  };
}

interface Begun {
  readonly span: Span;
  /** Offset of its last record. */
  last: bigint;
  records: number;
}

function endAll(begun: Iterable<Begun>, next: bigint): void {
  for (const { span, last, records } of begun) {
    span.setAttribute('prorata.records', records);
    if (last >= next) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}
