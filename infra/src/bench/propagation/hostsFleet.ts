import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { FromHosts, HostsOrder } from './hostsMessages.ts';

/** A thousand connections one after another, on a machine that does much else, milliseconds. */
const READY_MS = 120_000;
/** From a change until the last host decides by it, at most, milliseconds. */
const ENFORCED_MS = 30_000;
const HEAP_MB_MAX = 2_000;

export type Enforced = Extract<FromHosts, { kind: 'enforced' }>;

/** Hosts in a process of their own, and what they tell. */
export class HostsFleet {
  readonly #child: ChildProcess;
  readonly #told = new Map<string, (message: FromHosts) => void>();
  #isReady: () => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  private constructor(environment: Readonly<Record<string, string>>) {
    this.#child = fork(path.join(import.meta.dirname, 'hostsProcess.ts'), [], {
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...environment },
      execArgv: [`--max-old-space-size=${HEAP_MB_MAX}`],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromHosts) => this.#take(message));
    this.#child.on('exit', () => this.#failed(new Error('The process of hosts has ended.')));
  }

  /** Resolves when every host decides by rules. @throws Error when they do not within two minutes */
  static async start(
    order: HostsOrder,
    environment: Readonly<Record<string, string>>,
  ): Promise<HostsFleet> {
    const fleet = new HostsFleet(environment);
    await within(READY_MS, 'the hosts are ready', (resolve, reject) => {
      fleet.#isReady = () => resolve(undefined);
      fleet.#failed = reject;
      fleet.#child.send(order);
    }).catch(async (error: unknown) => {
      await fleet.stop();
      throw error;
    });
    return fleet;
  }

  /** When the first and the last of them decided under the amount. @throws Error when one does not in 30 s */
  enforced(amount: string): Promise<Enforced> {
    return within(ENFORCED_MS, `all hosts enforce ${amount}`, (resolve, reject) => {
      this.#failed = reject;
      this.#told.set(amount, (message) => resolve(message as Enforced));
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#failed = () => undefined;
    this.#child.kill('SIGKILL');
    await ended;
  }

  #take(message: FromHosts): void {
    if (message.kind === 'ready') this.#isReady();
    else if (message.kind === 'failed') this.#failed(new Error(message.message));
    else {
      this.#told.get(message.amount)?.(message);
      this.#told.delete(message.amount);
    }
  }
}

async function within<T>(
  ms: number,
  what: string,
  begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(
    () => reject(new Error(`It took longer than ${ms} ms until ${what}.`)),
    ms,
  );
  begin(resolve, reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
