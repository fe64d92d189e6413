import type { Progress } from '../provision/progress.ts';
import { adoptProcess } from './adoptProcess.ts';
import { forgetProcess, liveProcesses, recordProcess } from './stackFiles.ts';
import { partNames, serviceNames, stopSignalOf } from './stackParts.ts';
import type { PartName } from './stackParts.ts';
import { startPart } from './startPart.ts';
import type { StartContext } from './startPart.ts';
import type { RunningPart } from './startProcess.ts';
import { isAlive } from './processIdentity.ts';

/** The processes of one stack: those that were found running, and those that this process starts. */
export class PartSet {
  readonly #context: StartContext;
  readonly #progress: Progress;
  readonly #running = new Map<PartName, RunningPart>();
  readonly #started = new Set<PartName>();
  /** Ended by a signal that may not have arrived yet: they count as down. */
  readonly #killed = new Set<PartName>();

  private constructor(context: StartContext, progress: Progress) {
    this.#context = context;
    this.#progress = progress;
  }

  /** Finds what already runs. */
  static async open(context: StartContext, progress: Progress): Promise<PartSet> {
    const set = new PartSet(context, progress);
    for (const [part, identity] of await liveProcesses(context.plan.directory)) {
      set.#running.set(part, adoptProcess(identity, stopSignalOf(part)));
    }
    return set;
  }

  pidOf(part: PartName): number | undefined {
    const running = this.#running.get(part);
    return running !== undefined && isAlive(running) ? running.pid : undefined;
  }

  /** Starts a part unless it runs; waits for its predecessor's end, which still holds the port. */
  async start(part: PartName, signal = this.#context.signal): Promise<void> {
    if (this.pidOf(part) !== undefined && !this.#killed.has(part)) return;
    await this.#running.get(part)?.ended;
    this.#killed.delete(part);
    const since = Date.now();
    const running = await startPart(part, {
      ...this.#context,
      signal,
      onSpawn: (identity) => recordProcess(this.#context.plan.directory, part, identity),
    });
    this.#running.set(part, running);
    this.#started.add(part);
    this.#progress(`${part} is ready after ${((Date.now() - since) / 1000).toFixed(1)} s`);
  }

  /** Starts several at once; when one fails, the others are given up and the first error is thrown. */
  async startTogether(parts: readonly PartName[]): Promise<void> {
    const giveUp = new AbortController();
    const { signal } = this.#context;
    const either = AbortSignal.any(
      signal === undefined ? [giveUp.signal] : [giveUp.signal, signal],
    );
    const failures: unknown[] = [];
    const start = (part: PartName): Promise<void> =>
      this.start(part, either).catch((error: unknown) => {
        failures.push(error);
        giveUp.abort();
      });
    await Promise.all(parts.map(start));
    if (failures.length > 0) throw failures[0];
  }

  kill(part?: PartName): void {
    for (const each of part === undefined ? partNames : [part]) {
      if (!this.#running.has(each)) continue;
      this.#killed.add(each);
      this.#running.get(each)?.kill();
    }
  }

  async stop(part: PartName): Promise<void> {
    await this.#running.get(part)?.stop();
    this.#running.delete(part);
    await forgetProcess(this.#context.plan.directory, part);
  }

  /** Services first, then what they write to; the registry before the broker that it stands on. */
  async stopAll(which: ReadonlySet<PartName> = new Set(partNames)): Promise<void> {
    const stop = (parts: readonly PartName[]): Promise<unknown> =>
      Promise.all(parts.filter((part) => which.has(part)).map((part) => this.stop(part)));
    await stop(serviceNames);
    await stop(['registry', 'postgres']);
    await stop(['kafka']);
  }

  /** Ends only what this process has started: a failed start must not end what ran before it. */
  stopStarted(): Promise<void> {
    return this.stopAll(this.#started);
  }

  /** Lets everything live on after this process. */
  release(): void {
    for (const running of this.#running.values()) running.release();
  }
}
