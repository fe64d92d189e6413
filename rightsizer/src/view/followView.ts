import type { LogPort, LogRecord } from '@prorata/kafka-port';
import type { Codec, EventMessage, Message } from '@prorata/schemas';
import { followAll } from '@prorata/service-runtime';
import type { FollowedTopic } from '@prorata/service-runtime';
import { EventUnfoldable, LogView } from './logView.ts';

/** The fold is waited for this long; then the evaluation is put off. */
const SETTLE_MS = 10_000;
const SETTLE_PAUSE_MS = 20;

export interface FollowedView extends FollowedEvents {
  readonly view: LogView;
}

/** Events on their way into whatever folds them. */
export interface FollowedEvents {
  readonly finished: Promise<void>;
  readonly isCaughtUp: boolean;
  /**
   * Resolves when everything that is in the log now has been folded: whoever decides after it sees
   * the effect of every command that was answered before.
   * @returns false when that took too long
   */
  settle(): Promise<boolean>;
  stop(): Promise<void>;
}

/** @param topic the events' full name, the namespace included */
export function followView(
  log: Pick<LogPort, 'log'>,
  codec: Codec,
  topic: string,
  partitions: number,
): FollowedView {
  const view = new LogView();
  const followed = followEvents(log, codec, topic, partitions, (event) => view.fold(event));
  return {
    view,
    finished: followed.finished,
    get isCaughtUp() {
      return followed.isCaughtUp;
    },
    settle: () => followed.settle(),
    stop: () => followed.stop(),
  };
}

/** As `followView`, into any fold. */
export function followEvents(
  log: Pick<LogPort, 'log'>,
  codec: Codec,
  topic: string,
  partitions: number,
  fold: (event: EventMessage) => void,
): FollowedEvents {
  const followed = followAll(log, topic, partitions, async (record) => {
    fold(await eventOf(codec, record));
  });
  const ends = new PartitionEnds(log, topic);
  return {
    finished: followed.finished,
    get isCaughtUp() {
      return followed.isCaughtUp;
    },
    async settle() {
      return followed.isCaughtUp && (await settle(ends, followed, partitions));
    },
    stop: () => followed.stop(),
  };
}

async function eventOf(codec: Codec, record: LogRecord): Promise<EventMessage> {
  const place = `${record.topic}[${record.partition}] at ${record.offset}`;
  let message: Message;
  try {
    message = await codec.decode(record.value);
  } catch (cause) {
    throw new EventUnfoldable(`The event in ${place} cannot be read.`, { cause });
  }
  if (!('envelope' in message.value) || !('eventId' in message.value.envelope)) {
    throw new EventUnfoldable(`The record in ${place} is a ${message.type} and no event.`);
  }
  return message as EventMessage;
}

async function settle(
  ends: PartitionEnds,
  followed: FollowedTopic,
  partitions: number,
): Promise<boolean> {
  const deadline = performance.now() + SETTLE_MS;
  for (let partition = 0; partition < partitions; partition += 1) {
    const target = await ends.afterLastRecord(partition, followed.position(partition));
    while (followed.position(partition) < target) {
      if (performance.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_PAUSE_MS));
    }
  }
  return true;
}

/**
 * A partition ends in control records and perhaps in aborted ones, which no reader is handed, so its
 * end alone does not tell whether all has been read. Between two looks with the same end nothing
 * is read again.
 */
class PartitionEnds {
  readonly #log: Pick<LogPort, 'log'>;
  readonly #topic: string;
  readonly #known = new Map<number, { readonly end: bigint; readonly afterLast: bigint }>();

  constructor(log: Pick<LogPort, 'log'>, topic: string) {
    this.#log = log;
    this.#topic = topic;
  }

  /** The offset after the last record that a reader is handed; `from` when there is none from there on. */
  async afterLastRecord(partition: number, from: bigint): Promise<bigint> {
    const place = { topic: this.#topic, partition };
    const end = await this.#log.log.endOffset(place);
    const known = this.#known.get(partition);
    if (known?.end === end) return known.afterLast;
    let afterLast = from;
    if (from < end) {
      await this.#log.log.readToEnd(place, from, (records) => {
        afterLast = (records.at(-1)?.offset ?? afterLast - 1n) + 1n;
      });
    }
    this.#known.set(partition, { end, afterLast });
    return afterLast;
  }
}
