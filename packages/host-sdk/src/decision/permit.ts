import type { HandleUse } from './handleUse.ts';

/** A permit as an object: given back once, by hand, by `using`, when it is lost, or when its time is up. */
export interface Permit extends Disposable {
  release(): void;
}

/** Where permits come from and go back to: those of one handle. */
export interface PermitHolder {
  /** Whether all came back because the handle was lost. */
  readonly isReclaimed: boolean;
  release(use: HandleUse, key: string, units: number): void;
}

/** What is known of a permit that is out; apart from it, so that it can come back without it. */
export interface PermitOut {
  readonly permits: PermitHolder;
  readonly use: HandleUse;
  readonly key: string;
  readonly units: number;
  /** On the monotonic clock, microseconds. */
  readonly expiresAt: number;
}

/** The permits that are out as objects, the oldest first: all live equally long. */
export class PermitLedger {
  readonly #out = new Set<PermitOut>();
  /** A lost permit comes back at the next collection of garbage. */
  readonly #lost = new FinalizationRegistry<PermitOut>((out) => this.#reclaim(out));
  readonly #reclaimed: (units: number) => void;

  constructor(reclaimed: (units: number) => void) {
    this.#reclaimed = reclaimed;
  }

  get size(): number {
    return this.#out.size;
  }

  /** @param handle lives as long as the permit does, for what it has out comes back with it */
  issue(out: PermitOut, handle: object): Permit {
    this.#out.add(out);
    const permit = new IssuedPermit(() => this.#giveBack(out), handle);
    this.#lost.register(permit, out);
    return permit;
  }

  /** Gives back what is out for too long: whoever had it crashed, or hangs. */
  expire(nowMicros: number): void {
    for (const out of this.#out) {
      if (out.expiresAt > nowMicros) return;
      this.#reclaim(out);
    }
  }

  #reclaim(out: PermitOut): void {
    if (this.#giveBack(out)) this.#reclaimed(out.units);
  }

  #giveBack(out: PermitOut): boolean {
    if (!this.#out.delete(out) || out.permits.isReclaimed) return false;
    out.permits.release(out.use, out.key, out.units);
    return true;
  }
}

class IssuedPermit implements Permit {
  readonly #giveBack: () => void;
  readonly handle: object;

  constructor(giveBack: () => void, handle: object) {
    this.#giveBack = giveBack;
    this.handle = handle;
  }

  release(): void {
    this.#giveBack();
  }

  [Symbol.dispose](): void {
    this.#giveBack();
  }
}
