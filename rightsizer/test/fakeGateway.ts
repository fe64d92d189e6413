import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestCommand, TestWriter } from './testWriter.ts';

export interface RecordedCommand extends TestCommand {
  readonly commandId: string;
  readonly reason: string;
  readonly authorization: string;
  /** The body as it came. */
  readonly body: string;
  readonly answered: number;
}

/**
 * decide: as the real one. away: 503, nothing is decided. silent: decided, and the answer is lost.
 * A command id that was decided gets its first answer again; with another body it is refused.
 */
export type GatewayMode = 'decide' | 'away' | 'silent';

interface Answer {
  readonly status: number;
  readonly answer: object;
}

/** A real HTTP server in the gateway's place, which records every command. */
export class FakeGateway {
  mode: GatewayMode = 'decide';
  readonly commands: RecordedCommand[] = [];
  readonly #writer: TestWriter;
  readonly #decided = new Map<string, { body: string; status: number; answer: object }>();
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(JSON.stringify({ detail: String(error) }));
    });
  });

  constructor(writer: TestWriter) {
    this.#writer = writer;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  of(type: RecordedCommand['type']): RecordedCommand[] {
    return this.commands.filter((command) => command.type === type);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { status, answer } = request.url?.endsWith('/batch')
      ? await this.#takeAll(body, request)
      : await this.#take(body, String(request.headers['idempotency-key']), request);
    response.statusCode = status;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }

  async #takeAll(body: string, request: IncomingMessage): Promise<Answer> {
    const { commands } = JSON.parse(body) as { commands: RecordedCommand[] };
    const results: object[] = [];
    for (const { commandId, ...rest } of commands) {
      const { status, answer } = await this.#take(JSON.stringify(rest), commandId, request);
      const member = status === 200 ? { outcome: answer } : { problem: answer };
      results.push({ commandId, status, ...member });
    }
    return { status: 207, answer: { results } };
  }

  async #take(body: string, commandId: string, { headers }: IncomingMessage): Promise<Answer> {
    const command = { ...(JSON.parse(body) as RecordedCommand), commandId };
    const { status, answer } = await this.#decide(command, body);
    const authorization = headers.authorization ?? '';
    this.commands.push({ ...command, authorization, body, answered: status });
    return { status, answer };
  }

  async #decide(
    command: RecordedCommand,
    body: string,
  ): Promise<{ status: number; answer: object }> {
    const lost = { status: 503, answer: { code: 'LOG_UNAVAILABLE' } };
    if (this.mode === 'away') return lost;
    const first = this.#decided.get(command.commandId);
    if (first !== undefined) {
      if (this.mode === 'silent') return lost;
      if (first.body === body) return first;
      return { status: 409, answer: { code: 'COMMAND_ID_REUSED', detail: 'another body' } };
    }
    const decision = await this.#writer.execute({ ...command, kind: 'robot' });
    const decided =
      decision.kind === 'accepted'
        ? {
            status: 200,
            answer: { code: 'ACCEPTED', commandId: command.commandId, result: decision.result },
          }
        : {
            status: 409,
            answer: { code: decision.violations[0].code, detail: decision.violations[0].message },
          };
    this.#decided.set(command.commandId, { body, ...decided });
    return this.mode === 'silent' ? lost : decided;
  }
}
