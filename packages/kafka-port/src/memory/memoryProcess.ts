/** A process that stalls, crashes and goes on as the simulation says; every call to the log passes here. */
export class ProcessGate {
  readonly #latency: () => Promise<void> | undefined;
  #resumed: PromiseWithResolvers<undefined> | undefined;
  #isCrashed = false;
  #steps = 0;
  readonly #atStep = new Map<number, () => void>();

  constructor(latency: () => Promise<void> | undefined) {
    this.#latency = latency;
  }

  /** How often the process has come by here. */
  get steps(): number {
    return this.#steps;
  }

  /** Runs when the process comes by here for the so-manieth time, before that step is done. */
  atStep(step: number, run: () => void): void {
    this.#atStep.set(step, run);
  }

  get isSilent(): boolean {
    return this.#isCrashed || this.#resumed !== undefined;
  }

  stall(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve(undefined);
    this.#resumed = undefined;
  }

  /** What waits at the gate waits for ever, as in a process that is gone. */
  crash(): void {
    this.#isCrashed = true;
  }

  async pass(): Promise<void> {
    this.#atStep.get(++this.#steps)?.();
    await this.#latency();
    while (this.isSilent) {
      await (this.#isCrashed ? new Promise<never>(() => undefined) : this.#resumed?.promise);
    }
  }
}
