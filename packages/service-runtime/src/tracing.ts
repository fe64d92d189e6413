import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context, Span, Tracer } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';

/** Spans that wait for the collector; beyond it they are dropped, never waited for. */
const QUEUE_MAX = 4_096;
/** Spans go out so often, milliseconds: who looks for a request's trace at once finds it. */
const EXPORT_MS = 1_000;

/** Traces of one service. What is passed between services is the header `traceparent` (W3C) alone. */
export interface Tracing {
  readonly tracer: Tracer;
  /** The context that a `traceparent` names; none, when there is none or it is not one. */
  contextOf(traceparent: string | undefined): Context;
  /** What to send along so that others join the span. */
  traceparentOf(span: Span): string | undefined;
  /** Sends what still waits. */
  stop(): Promise<void>;
}

const propagator = new W3CTraceContextPropagator();
const TRACEPARENT = 'traceparent';

/**
 * Traces to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names (OTLP over HTTP).
 * @returns null when it names none: nothing is traced then, and nothing costs anything
 */
export async function startTracing(
  service: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Tracing | null> {
  const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim() ?? '';
  if (endpoint === '') return null;
  // Loaded here: without a collector no process pays for it.
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url });
  const limits = { maxQueueSize: QUEUE_MAX, scheduledDelayMillis: EXPORT_MS };
  return tracingBy(service, new BatchSpanProcessor({ exporter, ...limits }));
}

/** Traces handed over at once, for tests. */
export function tracingTo(service: string, exporter: SpanExporter): Tracing {
  return tracingBy(service, new SimpleSpanProcessor({ exporter }));
}

function tracingBy(service: string, processor: SpanProcessor): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [processor],
  });
  return {
    tracer: provider.getTracer('prorata'),
    contextOf(traceparent) {
      if (traceparent === undefined) return ROOT_CONTEXT;
      return propagator.extract(ROOT_CONTEXT, traceparent, {
        get: (text: string, name) => (name === TRACEPARENT ? text : undefined),
        keys: () => [TRACEPARENT],
      });
    },
    traceparentOf(span) {
      const carrier: Record<string, string> = {};
      propagator.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, {
        set: (headers: Record<string, string>, name, value) => {
          headers[name] = value;
        },
      });
      return carrier[TRACEPARENT];
    },
    stop: () => provider.shutdown(),
  };
}
