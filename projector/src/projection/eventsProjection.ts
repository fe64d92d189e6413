import { affectedParts, evolve } from '@prorata/quota-model';
import type { StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import type { Touch } from '../rows/currentRows.ts';
import { closingBy } from './closing.ts';
import { EventChanges } from './eventChanges.ts';
import { eventOf } from './eventOf.ts';
import { BrokenInvariant } from './projection.ts';
import type { DecodedRecord, Projected, Projection } from './projection.ts';

interface FoldedStream {
  state: StreamState | null;
  version: bigint;
}

/** Events become the current tables, by way of the model's own fold. */
export class EventsProjection implements Projection {
  readonly folds = true;
  readonly hashes = false;
  readonly wholeLog = true;
  readonly #partition: number;
  readonly #streams = new Map<string, FoldedStream>();

  constructor(partition: number) {
    this.#partition = partition;
  }

  fold(record: DecodedRecord): void {
    const event = eventOf(record);
    this.#evolve(record.offset, this.#next(record.offset, event), event);
  }

  project(records: readonly DecodedRecord[]): Projected {
    const changes = new EventChanges();
    let broken: BrokenInvariant | null = null;
    let taken = 0;
    for (const record of records) {
      broken = this.#broken(() => this.#take(record, changes));
      if (broken !== null) break;
      taken += 1;
    }
    return { changes: (client) => changes.write(client), records: taken, broken };
  }

  /** What a step breaks: records before it are kept, so nothing may throw past them. */
  #broken(step: () => void): BrokenInvariant | null {
    try {
      step();
      return null;
    } catch (error) {
      if (error instanceof BrokenInvariant) return error;
      throw error;
    }
  }

  /** All that can throw comes before the first change. @throws BrokenInvariant */
  #take(record: DecodedRecord, changes: EventChanges): void {
    const { offset } = record;
    const event = eventOf(record);
    const stream = this.#next(offset, event);
    const closing = closingBy(stream.state, event);
    const former = stream.state?.kind === 'application' ? stream.state.registration : null;
    const state = this.#evolve(offset, stream, event);
    changes.addRows(event, state, closing);
    const { envelope } = event.value;
    const touch: Touch = {
      stream: envelope.stream,
      streamVersion: envelope.streamVersion,
      partition: this.#partition,
      offset,
      decidedAt: envelope.decidedAt,
    };
    changes.moveHead(touch);
    // What a registration presets stands in the application's own row.
    if (state.kind === 'application') {
      changes.touch(state, affectedParts(state, event, former, 'limits'), touch);
    }
  }

  /** The event's stream, if the event is the one that comes next. @throws BrokenInvariant */
  #next(offset: bigint, event: EventMessage): FoldedStream {
    const { stream: name, streamVersion } = event.value.envelope;
    const stream = this.#streams.get(name) ?? { state: null, version: 0n };
    if (streamVersion !== stream.version + 1n) {
      throw new BrokenInvariant(
        offset,
        `${name} is at version ${stream.version}, and the next event says ${streamVersion}.`,
      );
    }
    this.#streams.set(name, stream);
    return stream;
  }

  /** @throws BrokenInvariant */
  #evolve(offset: bigint, stream: FoldedStream, event: EventMessage): StreamState {
    try {
      stream.state = evolve(stream.state, event);
    } catch (cause) {
      throw new BrokenInvariant(offset, `${event.type} does not fit the state before it.`, {
        cause,
      });
    }
    stream.version = event.value.envelope.streamVersion;
    return stream.state;
  }
}
