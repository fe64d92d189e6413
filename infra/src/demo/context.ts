import { postCommand } from '@prorata/service-runtime';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandMessage } from '@prorata/schemas';
import type { LocalStack } from '../localStack.ts';
import type { HostProcess } from './hostProcess.ts';
import type { StageCommand } from './scenario.ts';
import type { Workload } from './workload.ts';

/** What the steps share. */
export interface DemoContext {
  readonly stack: LocalStack;
  readonly client: GatewayClient;
  readonly hosts: HostProcess[];
  readonly workload: Workload;
  /** The demo's start, which anchors the budget's window. */
  readonly startedAt: string;
  readonly directory: string;
  startHost(hostId: string, transport: 'kafka' | 'http'): HostProcess;
}

/** A refused or unanswered command where the demo needs it accepted. */
export class CommandNotAccepted extends Error {
  override readonly name = 'CommandNotAccepted';
}

/** The gateway as two people use it: one who asks for changes, one who approves them. */
export class GatewayClient {
  readonly #url: string;
  readonly #tokens: { readonly operator: string; readonly approver: string };

  constructor(url: string, tokens: { readonly operator: string; readonly approver: string }) {
    this.#url = url;
    this.#tokens = tokens;
  }

  async send(
    command: StageCommand,
    reason: string,
    who: 'operator' | 'approver' = 'operator',
  ): Promise<CommandAnswer> {
    return postCommand({
      gatewayUrl: this.#url,
      token: this.#tokens[who],
      type: command.type as CommandMessage['type'],
      stream: command.stream,
      data: command.data,
      reason,
    });
  }

  /** @throws CommandNotAccepted with the code and what to change. */
  async accept(
    command: StageCommand,
    reason: string,
    who: 'operator' | 'approver' = 'operator',
  ): Promise<CommandAnswer> {
    const answer = await this.send(command, reason, who);
    if (answer.status !== 'accepted') {
      const violations = answer.violations.map(({ path, message }) => `${path} ${message}`);
      throw new CommandNotAccepted(
        `${command.type} on ${command.stream}: ${answer.status} ${answer.code ?? ''} ` +
          `${answer.detail ?? ''} ${violations.join('; ')}`,
      );
    }
    return answer;
  }

  /** The JSON at a path of the gateway; undefined while it is not there (404). */
  async read(path: string): Promise<Record<string, unknown> | undefined> {
    const response = await fetch(`${this.#url}${path}`, {
      headers: { authorization: `Bearer ${this.#tokens.operator}` },
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  }

  quota(quotaId: string): Promise<Record<string, unknown> | undefined> {
    return this.read(`/v1/quotas/${encodeURIComponent(quotaId)}`);
  }
}
