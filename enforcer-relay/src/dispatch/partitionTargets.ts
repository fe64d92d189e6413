import type { Dispatcher } from '@prorata/schemas';
import { TargetKeeper } from './targetKeeper.ts';
import type { Desired, TargetKeeperParts } from './targetKeeper.ts';

/** What of a partition of events the targets need to know. */
export interface PartitionSource {
  /** Of these applications, or of all of the partition (null), the dispatchers that are registered. */
  dispatchers(
    applications: ReadonlySet<string> | null,
  ): Promise<ReadonlyMap<string, readonly Dispatcher[]>>;
  /** The same object while no event has changed it. */
  desired(application: string): Promise<Desired>;
  /** See `TargetKeeperParts`. */
  caughtUp(abort: AbortSignal): Promise<void>;
}

interface Kept {
  readonly application: string;
  readonly keeper: TargetKeeper;
  readonly ended: AbortController;
  readonly finished: Promise<void>;
}

/** What a keeper needs beside what the partition gives. */
export type Keep = (
  application: string,
  dispatcher: Dispatcher,
) => Omit<TargetKeeperParts, 'application' | 'dispatcher' | 'desired' | 'caughtUp'>;

/** The targets of one owned partition: a keeper for each dispatcher that is registered, as long as it is. */
export class PartitionTargets {
  readonly #source: PartitionSource;
  readonly #keep: Keep;
  readonly #kept = new Map<string, Kept>();
  #isOver = false;
  #following: Promise<void> = Promise.resolve();

  constructor(source: PartitionSource, keep: Keep) {
    this.#source = source;
    this.#keep = keep;
  }

  get keepers(): readonly TargetKeeper[] {
    return [...this.#kept.values()].map(({ keeper }) => keeper);
  }

  /**
   * Events were folded: registrations may be others, and the targets of these applications look again.
   * @param applications null: all of them
   */
  changed(applications: ReadonlySet<string> | null): void {
    this.#following = this.#following.then(() => this.#follow(applications)).catch(() => undefined);
  }

  /** Nothing is begun after it; what is under way is cut off. */
  async end(): Promise<void> {
    this.#isOver = true;
    for (const { ended } of this.#kept.values()) ended.abort();
    await Promise.all([...this.#kept.values()].map(({ finished }) => finished));
    this.#kept.clear();
  }

  async #follow(changed: ReadonlySet<string> | null): Promise<void> {
    if (this.#isOver) return;
    const registered = await this.#source.dispatchers(changed);
    const meant = new Map<string, readonly [string, Dispatcher]>();
    for (const [application, dispatchers] of registered) {
      for (const each of dispatchers) meant.set(keyOf(application, each), [application, each]);
    }
    for (const [key, { application, ended, finished }] of this.#kept) {
      if (meant.has(key) || changed?.has(application) === false) continue;
      ended.abort();
      this.#kept.delete(key);
      // Two keepers of one target, by its former and its present terms, would undo each other's work.
      await finished;
    }
    for (const [key, [application, dispatcher]] of meant) {
      const present = this.#kept.get(key);
      if (present === undefined) this.#begin(key, application, dispatcher);
      else present.keeper.wake();
    }
  }

  #begin(key: string, application: string, dispatcher: Dispatcher): void {
    if (this.#isOver) return;
    const source = this.#source;
    const keeper = new TargetKeeper({
      ...this.#keep(application, dispatcher),
      application,
      dispatcher,
      desired: () => source.desired(application),
      caughtUp: (abort) => source.caughtUp(abort),
    });
    const ended = new AbortController();
    this.#kept.set(key, { application, keeper, ended, finished: keeper.run(ended.signal) });
  }
}

/** Other terms are another keeper. */
const keyOf = (application: string, { name, kind, target, secretRef, settings }: Dispatcher) =>
  JSON.stringify([application, name, kind, target, secretRef, settings]);
