/** A process that stalls, crashes and goes on as the simulation says; every call to the log passes here. */
export class ProcessGate {
  readonly #latency: () => Promise<void> | undefined;
  #resumed: PromiseWithResolvers<undefined> | undefined;
  #isCrashed = false;

  constructor(latency: () => Promise<void> | undefined) {
    this.#latency = latency;
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
    await this.#latency();
    while (this.isSilent) {
      await (this.#isCrashed ? new Promise<never>(() => undefined) : this.#resumed?.promise);
    }
  }
}
