import { SpanStatusCode } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace';
import { tracingTo } from '../tracing.ts';
import type { Tracing } from '../tracing.ts';

export interface EndedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  readonly isFault: boolean;
}

/** Traces that are kept where a test can look at them, in the order in which their spans ended. */
export function tracingInMemory(service: string): {
  readonly tracing: Tracing;
  readonly spans: () => readonly EndedSpan[];
} {
  const exporter = new InMemorySpanExporter();
  const spans = (): readonly EndedSpan[] =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentSpanId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
      isFault: span.status.code === SpanStatusCode.ERROR,
    }));
  return { tracing: tracingTo(service, exporter), spans };
}
