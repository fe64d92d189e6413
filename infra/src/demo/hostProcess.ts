import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { eventually } from './measures.ts';
import type { AppliedRule, FromHost, HostFigures, ToHost } from './hostMessages.ts';
import type { Request } from './workload.ts';

/** Applied rules kept for the steps that measure propagation; older ones have been looked at. */
const APPLIED_MAX = 20_000;
const START_MS = 20_000;
const ANSWER_MS = 10_000;
const STOP_MS = 5_000;

export interface HostOptions {
  readonly hostId: string;
  readonly transport: 'kafka' | 'http';
  /** Where the host keeps its last good rules. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** One host of the demo: a process of its own with the host SDK in it. */
export class HostProcess {
  readonly options: HostOptions;
  readonly applied: AppliedRule[] = [];
  readonly #child: ChildProcess;
  #figures: HostFigures | undefined;
  #ready: Extract<FromHost, { kind: 'ready' }> | undefined;
  #failure: string | undefined;

  constructor(options: HostOptions) {
    this.options = options;
    this.#child = fork(path.join(import.meta.dirname, 'hostProgram.ts'), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...process.env,
        ...options.environment,
        NODE_NO_WARNINGS: '1',
        DEMO_HOST_ID: options.hostId,
        DEMO_HOST_TRANSPORT: options.transport,
        DEMO_HOST_DIRECTORY: options.directory,
      },
    });
    this.#child.on('message', (message: FromHost) => {
      this.#take(message);
    });
    this.#child.on('exit', (code) => {
      this.#failure ??= `${options.hostId} has ended with code ${code ?? 'none'}`;
    });
  }

  /** Resolves when the host decides. @returns where its rules came from, and its HTTP port. */
  async ready(): Promise<Extract<FromHost, { kind: 'ready' }>> {
    return eventually(`${this.options.hostId} ready`, START_MS, () => {
      this.#throwIfFailed();
      return this.#ready;
    });
  }

  replay(requests: readonly Request[], startAtMs: number): void {
    this.#send({ kind: 'replay', requests, startAtMs });
  }

  /** One request over HTTP, as a client of the service would send it; answers are the host's figures. */
  async request(request: Request): Promise<void> {
    if (this.#ready === undefined || !this.#child.connected) return;
    try {
      const response = await fetch(`http://127.0.0.1:${this.#ready.port}/generate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      await response.arrayBuffer();
    } catch {
      // The load does not judge: a host that has ended shows in its figures.
    }
  }

  /** What the host did since this was last asked. */
  async measure(): Promise<HostFigures> {
    this.#figures = undefined;
    this.#send({ kind: 'measure' });
    return eventually(`${this.options.hostId} figures`, ANSWER_MS, () => {
      this.#throwIfFailed();
      return this.#figures;
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#send({ kind: 'stop' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  #send(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #take(message: FromHost): void {
    switch (message.kind) {
      case 'ready':
        this.#ready = message;
        break;
      case 'figures':
        this.#figures = message.figures;
        break;
      case 'applied':
        this.applied.push(message.rule);
        if (this.applied.length > APPLIED_MAX) this.applied.shift();
        break;
      case 'failed':
        this.#failure = `${this.options.hostId}: ${message.message}`;
        break;
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }
}
