import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../provision/progress.ts';
import { PartDidNotStart } from '../stack/startProcess.ts';
import type { RunningPart } from '../stack/startProcess.ts';
import { signalProcess } from '../stack/stopProcess.ts';

/** Before a part that ended by itself is started again, milliseconds: as a supervisor would. */
const RESTART_PAUSE_MS = 500;

/** A process that is started again whenever it ends, as a supervisor does, and that can be struck. */
export class SupervisedPart {
  readonly name: string;
  readonly #start: () => Promise<RunningPart>;
  readonly #tell: Progress;
  #running: RunningPart | null = null;
  #isStopping = false;
  #isFrozen = false;
  #downMs = RESTART_PAUSE_MS;
  #supervised: Promise<void> = Promise.resolve();

  constructor(name: string, start: () => Promise<RunningPart>, tell: Progress) {
    this.name = name;
    this.#start = start;
    this.#tell = tell;
  }

  /** Ready and not frozen. */
  get isUp(): boolean {
    return this.#running !== null && !this.#isFrozen;
  }

  /** Resolves when it is ready for the first time. @throws PartDidNotStart */
  async begin(): Promise<void> {
    this.#running = await this.#start();
    this.#supervised = this.#supervise();
  }

  /** kill -9; it comes back after so many milliseconds. */
  kill(downMs: number): void {
    this.#downMs = downMs;
    this.#running?.kill();
  }

  /** SIGSTOP, and SIGCONT after so many milliseconds: the process knows nothing of it. */
  async freeze(milliseconds: number): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#isFrozen = true;
    signalProcess(running, 'SIGSTOP');
    await sleep(milliseconds);
    signalProcess(running, 'SIGCONT');
    this.#isFrozen = false;
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#running !== null) {
      signalProcess(this.#running, 'SIGCONT');
      await this.#running.stop();
    }
    await this.#supervised;
  }

  async #supervise(): Promise<void> {
    while (!this.#isStopping) {
      await this.#running?.ended;
      this.#running = null;
      if (this.#ends()) return;
      this.#tell(`${this.name} has ended`);
      await sleep(this.#downMs);
      this.#downMs = RESTART_PAUSE_MS;
      await this.#startAgain();
    }
  }

  /** What it needs may be down as well: then it does not start, and is started again. */
  async #startAgain(): Promise<void> {
    while (!this.#ends()) {
      try {
        this.#running = await this.#start();
        this.#tell(`${this.name} is back`);
        return;
      } catch (error) {
        if (!(error instanceof PartDidNotStart)) throw error;
        await sleep(RESTART_PAUSE_MS);
      }
    }
  }

  #ends(): boolean {
    return this.#isStopping;
  }
}
