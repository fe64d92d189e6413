import type { HandleUse } from './handleUse.ts';
import type { Limiter } from './limiter.ts';
import type { PermitHolder } from './permit.ts';
import type { PathResource, QuotaPath } from './quotaPath.ts';
import type { Attributes } from './ruleMatch.ts';

interface EarlierPermits {
  /** null: no rule matched then, and nothing was counted. */
  readonly path: QuotaPath | null;
  readonly resource: string;
  units: number;
}

/**
 * The permits of one handle. They are apart from it, so that they can come back when the handle was
 * lost with them.
 */
export class HandlePermits implements PermitHolder {
  readonly #limiter: Limiter;
  readonly attributes: Attributes;
  path: QuotaPath | null = null;
  /** Whether all came back because the handle was lost. */
  isReclaimed = false;
  readonly #uses = new Map<string, HandleUse>();
  /** Permits acquired before the attributes matched another quota: they go back where they came from. */
  #earlier: EarlierPermits[] = [];

  constructor(limiter: Limiter, attributes: Attributes) {
    this.#limiter = limiter;
    this.attributes = attributes;
  }

  useOf(resource: string): HandleUse {
    let use = this.#uses.get(resource);
    if (use === undefined) {
      use = { resource, entry: null, held: 0 };
      this.#uses.set(resource, use);
    }
    return use;
  }

  /** The limits that the resource has now; sets the moment of the decision. null: none is bound. */
  entryOf(use: HandleUse): PathResource | null {
    if (this.path === null) return null;
    if (use.entry === null || !this.#limiter.isCurrent(use.entry)) {
      if (use.entry === null) this.#limiter.tick();
      use.entry = this.path.at(use.resource);
    }
    return use.entry;
  }

  /** The handle stands for another quota from now on. */
  moveTo(path: QuotaPath | null): void {
    for (const use of this.#uses.values()) {
      if (use.held > 0) {
        this.#earlier.push({ path: this.path, resource: use.resource, units: use.held });
      }
      use.held = 0;
      use.entry = null;
    }
    this.path = path;
  }

  release(use: HandleUse, key: string, units: number): void {
    let left = units;
    if (this.#earlier.length > 0) left = this.#releaseEarlier(use.resource, key, units);
    const back = Math.min(left, use.held);
    if (back > 0) {
      const entry = this.entryOf(use);
      if (entry !== null) this.#limiter.release(entry, this.attributes, key, back);
      use.held -= back;
    }
    if (left > back) this.#limiter.counters.unmatchedReleases += left - back;
  }

  /** Gives back all that is out, for nobody is left who could. */
  reclaim(): void {
    this.isReclaimed = true;
    for (const { resource, units } of [...this.#earlier]) {
      this.#releaseEarlier(resource, '', units);
      this.#limiter.counters.reclaimedPermits += units;
    }
    for (const use of this.#uses.values()) {
      if (use.held === 0) continue;
      this.#limiter.counters.reclaimedPermits += use.held;
      this.release(use, '', use.held);
    }
  }

  #releaseEarlier(resource: string, key: string, units: number): number {
    let left = units;
    for (const permits of this.#earlier) {
      if (permits.resource !== resource || left === 0) continue;
      const back = Math.min(left, permits.units);
      this.#limiter.tick();
      const entry = permits.path?.at(resource);
      if (entry !== undefined) this.#limiter.release(entry, this.attributes, key, back);
      permits.units -= back;
      left -= back;
    }
    this.#earlier = this.#earlier.filter(({ units: out }) => out > 0);
    return left;
  }
}
