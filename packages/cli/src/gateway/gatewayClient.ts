import { setTimeout as delay } from 'node:timers/promises';
import { postCommand } from '@prorata/service-runtime/postCommand';
import type { CommandAnswer, CommandRequest } from '@prorata/service-runtime/postCommand';
import { postCommands } from '@prorata/service-runtime/postCommands';
import type { BatchedCommand } from '@prorata/service-runtime/postCommands';
import { CommandError } from '../commandError.ts';
import { isJson } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import type { Connection } from './connection.ts';
import { GatewayProblem } from './gatewayProblem.ts';

/** A read is tens of milliseconds; a gateway that starts again takes some seconds. */
const READ_MS = 30_000;
/** Tries of a read that was put off (429, 503), and the longest pause that is granted, milliseconds. */
const READ_TRIES_MAX = 5;
const PAUSE_MS_MAX = 5_000;
const PAUSE_MS = 500;
/** What the gateway answers in one page at most. */
const PAGE_ROWS = 1_000;
/** What the gateway takes in one batch: commands, and bytes with room for what is around them. */
const BATCH_COMMANDS_MAX = 500;
const BATCH_BYTES_MAX = 1_800_000;
/** How long outcomes are looked for, milliseconds. */
const OUTCOME_MS = 60_000;

const OK = 200;

/** A command as this command line sends it. */
export type SentCommand = Pick<
  CommandRequest,
  'type' | 'stream' | 'data' | 'expectedVersion' | 'waivers' | 'dryRun'
>;

/** Parameters of a query; undefined: not said. */
type Query = Readonly<Record<string, string | undefined>>;

export class GatewayClient {
  readonly gatewayUrl: string;
  readonly #token: string;

  constructor({ gatewayUrl, token }: Connection) {
    this.gatewayUrl = gatewayUrl;
    this.#token = token;
  }

  /** @throws GatewayProblem, and CommandError when nobody answers */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await this.#read(withQuery(path, query))) as T;
  }

  /** null: the gateway knows no such thing. */
  async find<T>(path: string): Promise<T | null> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof GatewayProblem && error.status === 404) return null;
      throw error;
    }
  }

  /** All rows of a listing, page after page. `told` hears how many there are so far. */
  async all<T extends object = Json>(
    path: string,
    member: string,
    query: Query = {},
    told: (rows: number) => void = () => undefined,
  ): Promise<readonly T[]> {
    const rows: T[] = [];
    let after: string | undefined;
    do {
      const page = await this.get<Json>(path, { ...query, after, limit: `${PAGE_ROWS}` });
      if (!Array.isArray(page[member])) throw this.#noGateway(OK);
      rows.push(...(page[member] as readonly T[]));
      after = (page['next'] as string | null) ?? undefined;
      told(rows.length);
    } while (after !== undefined);
    return rows;
  }

  /**
   * That somebody listens: a command that cannot be sent would be tried for a minute, and be told as one that may
   * have been decided.
   * @throws CommandError when nobody answers
   */
  async assertReachable(): Promise<void> {
    const { body } = await this.#fetch('/healthz', { signal: AbortSignal.timeout(READ_MS) });
    await body?.cancel();
  }

  /** Sent again with the same id while no answer comes: it is decided once. */
  send(command: SentCommand, reason: string): Promise<CommandAnswer> {
    const { gatewayUrl } = this;
    return postCommand({
      gatewayUrl,
      token: this.#token,
      reason,
      timeoutMs: OUTCOME_MS,
      ...command,
    });
  }

  /** What would become of each, by itself. */
  async tryDry(
    commands: readonly SentCommand[],
    reason: string,
  ): Promise<readonly CommandAnswer[]> {
    const answers: CommandAnswer[] = [];
    for (const batch of batchesOf(commands, reason)) {
      const request = { gatewayUrl: this.gatewayUrl, token: this.#token, timeoutMs: OUTCOME_MS };
      answers.push(...(await postCommands({ ...request, commands: batch })));
    }
    return answers;
  }

  /** An open answer, for what goes on for as long as somebody listens. */
  async open(
    path: string,
    query: Query,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const response = await this.#fetch(withQuery(path, query), { headers, signal });
    if (response.ok) return response;
    throw await this.#problemOf(response, path);
  }

  async #read(path: string): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#fetch(path, { signal: AbortSignal.timeout(READ_MS) });
      if (response.ok) return await this.#objectOf(response);
      const mayPass = response.status === 429 || response.status === 503;
      if (!mayPass || attempt >= READ_TRIES_MAX) {
        throw await this.#problemOf(response, path);
      }
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      await delay(Math.min(PAUSE_MS_MAX, seconds > 0 ? seconds * 1_000 : PAUSE_MS));
    }
  }

  /** @throws CommandError for what no gateway answers: another server listens there, or a page to log in */
  async #objectOf(response: Response): Promise<Json> {
    const body = await response.json().catch(() => null);
    if (isJson(body)) return body;
    throw this.#noGateway(response.status);
  }

  async #problemOf(response: Response, path: string): Promise<CommandError> {
    const body = await response.json().catch(() => null);
    if (!isJson(body) || typeof body['code'] !== 'string') return this.#noGateway(response.status);
    return new GatewayProblem(response.status, body, path);
  }

  #noGateway(status: number): CommandError {
    if (status >= 500) {
      // Something in front of a gateway that is away says so in its own words.
      return new CommandError(
        `The gateway at ${this.gatewayUrl} does not answer (HTTP ${status}).`,
      );
    }
    return new CommandError(
      `What answers at ${this.gatewayUrl} is no gateway of Prorata (HTTP ${status}): correct PRORATA_URL.`,
    );
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.#token}`);
    try {
      // A redirect would carry the token to where it points.
      return await fetch(`${this.gatewayUrl}${path}`, { redirect: 'error', ...init, headers });
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error;
      throw new CommandError(
        `The gateway at ${this.gatewayUrl} does not answer: ./prorata status says what runs, ./prorata up starts it.`,
      );
    }
  }
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given as [string, string][]).toString();
  return search === '' ? path : `${path}?${search}`;
}

function* batchesOf(
  commands: readonly SentCommand[],
  reason: string,
): Generator<readonly BatchedCommand[]> {
  let batch: BatchedCommand[] = [];
  let bytes = 0;
  for (const command of commands) {
    const size = Buffer.byteLength(JSON.stringify(command));
    if (batch.length === BATCH_COMMANDS_MAX || (bytes > 0 && bytes + size > BATCH_BYTES_MAX)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push({ ...command, reason, dryRun: true, commandId: crypto.randomUUID() });
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
