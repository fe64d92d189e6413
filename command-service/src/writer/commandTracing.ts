import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { LogRecord } from '@prorata/kafka-port';
import type { CommandOutcome } from '@prorata/schemas';
import type { Tracing } from '@prorata/service-runtime';

/** The part that the writer has in one command's trace. */
export interface CommandTrace {
  /** For the records that the command becomes, so that who reads them can join. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its events and its outcome are in the log. */
  written(outcome: CommandOutcome): void;
  /** Nobody knows whether they are. */
  lost(): void;
}

/** @returns null for a record without a trace: it costs nothing then */
export type TraceCommand = (record: LogRecord) => CommandTrace | null;

/** A `traceparent` is a hint of whoever wrote the record: it is never signed, and decides nothing. */
export function commandTracing(tracing: Tracing): TraceCommand {
  return ({ headers, partition, offset }) => {
    const traceparent = headers.get('traceparent')?.toString('latin1');
    if (traceparent === undefined) return null;
    const attributes = {
      'messaging.destination.partition.id': String(partition),
      'messaging.kafka.offset': String(offset),
    };
    const options = { kind: SpanKind.CONSUMER, attributes };
    const span = tracing.tracer.startSpan(
      'decide command',
      options,
      tracing.contextOf(traceparent),
    );
    const sent = tracing.traceparentOf(span);
    return {
      headers: sent === undefined ? {} : { traceparent: sent },
      written({ commandId, commandType, status, code, eventIds }) {
        span.setAttributes({
          'prorata.command.id': commandId,
          'prorata.command.type': commandType,
          'prorata.result': status,
          'prorata.code': code,
          'prorata.events': eventIds.length,
        });
        span.end();
      },
      lost() {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  };
}
