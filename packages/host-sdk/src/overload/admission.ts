import type { Outcome } from './gradientLimit.ts';

/** A request that the host serves now. It is given back once, and says what became of it. */
export interface Admission extends Disposable {
  /** Without it (`using` alone, or lost) nothing is learned of the request. Default `ok`. */
  release(outcome?: Outcome): void;
}

/** What is known of a request under way; apart from its admission, so that it can end without it. */
export interface RequestUnderWay {
  readonly tier: number;
  /** Monotonic clock, microseconds. */
  readonly since: number;
  /** How many were under way when it began, itself included. */
  readonly inFlight: number;
}

/** The requests under way, the oldest first. */
export class AdmissionLedger {
  readonly #out = new Set<RequestUnderWay>();
  /** A request that forgot its admission ends at the next collection of garbage. */
  readonly #lost = new FinalizationRegistry<RequestUnderWay>((request) => this.#reclaim(request));
  readonly #ended: (request: RequestUnderWay, outcome: Outcome) => void;
  /** Requests that nobody ended, or in time. */
  reclaimed = 0;

  constructor(ended: (request: RequestUnderWay, outcome: Outcome) => void) {
    this.#ended = ended;
  }

  issue(request: RequestUnderWay): Admission {
    this.#out.add(request);
    const admission = new IssuedAdmission((outcome) => this.#end(request, outcome));
    this.#lost.register(admission, request);
    return admission;
  }

  /** Ends what began at or before `since`: it crashed, or hangs. */
  expire(since: number): void {
    for (const request of this.#out) {
      if (request.since > since) return;
      this.#reclaim(request);
    }
  }

  #reclaim(request: RequestUnderWay): void {
    if (this.#end(request, 'ignored')) this.reclaimed += 1;
  }

  #end(request: RequestUnderWay, outcome: Outcome): boolean {
    if (!this.#out.delete(request)) return false;
    this.#ended(request, outcome);
    return true;
  }
}

class IssuedAdmission implements Admission {
  readonly #end: (outcome: Outcome) => void;

  constructor(end: (outcome: Outcome) => void) {
    this.#end = end;
  }

  release(outcome: Outcome = 'ok'): void {
    this.#end(outcome);
  }

  [Symbol.dispose](): void {
    this.#end('ignored');
  }
}

/** Where nothing guards the host against too much. */
export const UNGUARDED: Admission = {
  release: () => undefined,
  [Symbol.dispose]: () => undefined,
};
