import { affectedParts, evolve, pathOf } from '@prorata/quota-model';
import type { ApplicationState, StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { quotaFacts } from '../../rows/currentRows.ts';
import type { StreamMoment } from '../../rows/historyRows.ts';

type Facts = ReturnType<typeof quotaFacts>;

/** The last events that could alter a quota, and what is below it. */
interface Touched {
  readonly own: StreamMoment;
  readonly below: StreamMoment;
}

/** One application as its events make it, up to some moment: nothing of it comes from a table. */
export class FoldedTree {
  readonly stream: string;
  version = 0n;
  #state: ApplicationState | null = null;
  readonly #touched = new Map<string, Touched>();

  constructor(stream: string) {
    this.stream = stream;
  }

  /** @throws BrokenStream when it does not follow from what was before it */
  add(event: EventMessage): void {
    const { streamVersion: version, decidedAt: time } = event.value.envelope;
    const former = this.#state?.registration ?? null;
    const state: StreamState = evolve(this.#state, event);
    if (state.kind !== 'application') throw new TypeError(`${this.stream} is no application.`);
    this.#state = state;
    this.version = version;
    const own = { version, time };
    for (const { id, isWithBelow } of affectedParts(state, event, former, 'limits')) {
      if (!state.quotas.has(id)) this.#touched.delete(id);
      else {
        const below = isWithBelow ? own : (this.#touched.get(id)?.below ?? own);
        this.#touched.set(id, { own, below });
      }
    }
  }

  get quotaIds(): readonly string[] {
    return [...(this.#state?.quotas.keys() ?? [])];
  }

  /** null: there is no such quota. */
  factsOf(quotaId: string): Facts | null {
    if (this.#state === null) return null;
    const [quota, ...above] = pathOf(this.#state, quotaId);
    if (quota === undefined) return null;
    const last = [quota, ...above]
      .flatMap(({ quotaId: id }, depth) => {
        const touched = this.#touched.get(id);
        return touched === undefined ? [] : [depth === 0 ? touched.own : touched.below];
      })
      .reduce((a, b) => (b.version > a.version ? b : a));
    const { version: streamVersion, time: decidedAt } = last;
    return quotaFacts([quota, ...above], { stream: this.stream, streamVersion, decidedAt });
  }
}
