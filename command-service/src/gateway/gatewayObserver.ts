import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { CommandMessage } from '@prorata/schemas';
import type { Logger, Tracing } from '@prorata/service-runtime';
import type { GatewayMetrics } from './gatewayMetrics.ts';
import type { DeskObserver, ObservedCommand } from './submit/deskObserver.ts';
import { SubmissionRefused } from './submit/submissionRefused.ts';
import type { Submitted } from './submit/submitted.ts';

/** An id that is none may be as long as a header, and stands in a line of the log, characters. */
const ID_LENGTH_MAX = 64;

export interface ObserverParts {
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly tracing: Tracing | null;
}

/**
 * Counts, times, traces and writes down what becomes of each command. A line for each that was
 * accepted would cost more than the rest of the door, so these are for the level debug.
 */
export function gatewayObserver(parts: ObserverParts): DeskObserver {
  return { began: (commandId, traceparent) => new Observed(commandId, traceparent, parts) };
}

class Observed implements ObservedCommand {
  readonly headers: Readonly<Record<string, string>>;
  readonly #parts: ObserverParts;
  readonly #commandId: string;
  readonly #span: Span | null;
  readonly #startedMs = performance.now();
  #command: CommandMessage | null = null;

  constructor(commandId: string, traceparent: string | undefined, parts: ObserverParts) {
    this.#parts = parts;
    this.#commandId = commandId.slice(0, ID_LENGTH_MAX);
    const { tracing } = parts;
    this.#span =
      tracing?.tracer.startSpan(
        'submit command',
        { kind: SpanKind.PRODUCER, attributes: { 'prorata.command.id': this.#commandId } },
        tracing.contextOf(traceparent),
      ) ?? null;
    const sent = this.#span === null ? undefined : tracing?.traceparentOf(this.#span);
    this.headers = sent === undefined ? {} : { traceparent: sent };
  }

  understood(command: CommandMessage): void {
    this.#command = command;
    this.#span?.setAttributes({
      'prorata.command.type': command.type,
      'prorata.stream': command.value.envelope.stream,
    });
  }

  ended(submitted: Submitted): void {
    const { metrics, logger } = this.#parts;
    const outcome = submitted.kind === 'decided' ? submitted.outcome : null;
    const result = outcome?.status ?? 'unknown';
    metrics.commands.inc({ type: this.#type, result });
    if (outcome !== null) metrics.outcomeSeconds.observe(this.#seconds());
    const level = result === 'accepted' ? 'debug' : 'info';
    logger[level](this.#line({ result, code: outcome?.code ?? null }), 'command answered');
    this.#endSpan(result, result !== 'unknown');
  }

  failed(error: unknown): void {
    const { metrics, logger } = this.#parts;
    const code = error instanceof SubmissionRefused ? error.code : 'INTERNAL';
    metrics.commands.inc({ type: this.#type, result: 'not_taken' });
    metrics.notTaken.inc({ code });
    if (code === 'INTERNAL') logger.error(this.#line({ code, err: error }), 'command failed');
    // What is shed is shed by the thousand: the metric says how much.
    else logger[code === 'BUSY' ? 'debug' : 'info'](this.#line({ code }), 'command not taken');
    this.#endSpan(code, false);
  }

  get #type(): string {
    return this.#command?.type ?? 'unreadable';
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1_000;
  }

  #line(more: object): object {
    const traceId = this.#span?.spanContext().traceId;
    return {
      commandId: this.#commandId,
      type: this.#type,
      stream: this.#command?.value.envelope.stream ?? null,
      milliseconds: Math.round(this.#seconds() * 1_000),
      ...(traceId === undefined ? {} : { traceId }),
      ...more,
    };
  }

  #endSpan(result: string, isSure: boolean): void {
    this.#span?.setAttribute('prorata.result', result);
    if (!isSure) this.#span?.setStatus({ code: SpanStatusCode.ERROR, message: result });
    this.#span?.end();
  }
}
