import type { ServerResponse } from 'node:http';
import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';

/** Streams of one instance: each keeps a socket, and one of rules may have a whole set and 1 MB waiting. */
const STREAMS_MAX = 5_000;
/**
 * Of one principal: the hosts of an application mostly share one, so that it is many; half of the places is left for all
 * others, whoever floods.
 */
const STREAMS_OF_ONE_MAX = 2_500;

/** Who holds how many of the places that an instance has for streams. */
export class StreamPlaces {
  readonly #max: number;
  readonly #ofOneMax: number;
  readonly #held = new Map<string, number>();
  #all = 0;

  constructor(max = STREAMS_MAX, ofOneMax = STREAMS_OF_ONE_MAX) {
    this.#max = max;
    this.#ofOneMax = ofOneMax;
  }

  /**
   * Holds a place until the response is closed.
   * @throws Problem 503: there is none
   */
  take({ actor }: Pick<Principal, 'actor'>, response: ServerResponse): void {
    // Gone already: nothing would ever give the place back.
    if (response.destroyed) return;
    const holder = JSON.stringify([actor.issuer, actor.subject]);
    const own = this.#held.get(holder) ?? 0;
    if (own >= this.#ofOneMax) throw tooMany(`${this.#ofOneMax} streams of one principal`);
    if (this.#all >= this.#max) throw tooMany(`${this.#max} streams`);
    this.#held.set(holder, own + 1);
    this.#all += 1;
    response.once('close', () => {
      const left = (this.#held.get(holder) ?? 1) - 1;
      if (left > 0) this.#held.set(holder, left);
      else this.#held.delete(holder);
      this.#all -= 1;
    });
  }
}

const tooMany = (what: string): Problem =>
  new Problem(503, 'TOO_MANY_STREAMS', `This instance serves ${what} at most.`, {
    headers: { 'retry-after': '5' },
  });
