import { affectedParts, changesRules, evolve } from '@prorata/quota-model';
import type { StreamState } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { touchOf } from '../rows/currentRows.ts';
import { closingBy } from './closing.ts';
import { EventChanges } from './eventChanges.ts';
import { eventOf } from './eventOf.ts';
import { BrokenInvariant } from './projection.ts';
import type { DecodedRecord, Projected, Projection } from './projection.ts';
import { takeUntilBroken } from './takeUntilBroken.ts';

interface FoldedStream {
  state: StreamState | null;
  version: bigint;
}

/** Events become the current tables, by way of the model's own fold. */
export class EventsProjection implements Projection {
  readonly folds = true;
  readonly hashes = false;
  readonly wholeLog = true;
  readonly skipsUnreadable = false;
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
    const taken = takeUntilBroken(records, (record) => this.#take(record, changes));
    return { ...taken, changes: (client) => changes.write(client) };
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
    const touch = touchOf(event, this.#partition, offset);
    changes.moveHead(touch);
    // What a registration presets stands in the application's own row.
    if (state.kind === 'application') {
      changes.touch(state, affectedParts(state, event, former, 'limits'), touch);
      if (changesRules(state, event, former)) changes.changeRules(state.id, touch);
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
