import type { Follower, LogPort, LogRecord, TopicPartition } from '@prorata/kafka-port';

export interface FollowAllOptions {
  /** Where to begin in each partition. Default `beginning`. */
  readonly from?: 'beginning' | 'end' | ((partition: number) => bigint);
}

export interface FollowedTopic {
  /** Resolves when every partition has been read to its end as it stood at the call. */
  readonly caughtUp: Promise<void>;
  /** Rejects with the first fault; resolves after `stop`. */
  readonly finished: Promise<void>;
  readonly isCaughtUp: boolean;
  /** The offset after the last record handed over. */
  position(partition: number): bigint;
  stop(): Promise<void>;
}

/**
 * Folds a whole topic: reads every partition to its end, then goes on. Records of one partition come
 * in order, those of different partitions interleave. What `onRecord` throws ends the following.
 */
export function followAll(
  log: Pick<LogPort, 'log'>,
  topic: string,
  partitions: number,
  onRecord: (record: LogRecord) => void | Promise<void>,
  options: FollowAllOptions = {},
): FollowedTopic {
  const positions = new Map<number, bigint>();
  const followers: Follower[] = [];
  let stopped = false;
  let caught = false;

  async function followOne(partition: number): Promise<void> {
    const place: TopicPartition = { topic, partition };
    const from = await startOf(log, place, options.from ?? 'beginning');
    positions.set(partition, from);
    const follower = await log.log.follow(place, from, async (records) => {
      for (const record of records) {
        await onRecord(record);
        positions.set(partition, record.offset + 1n);
      }
    });
    followers.push(follower);
    follower.finished.catch(() => undefined);
    if (stopped) await follower.stop();
  }

  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  const caughtUp = Promise.all(numbers.map(followOne)).then(() => {
    caught = true;
  });
  const finished = caughtUp.then(async () => {
    await Promise.all(followers.map((follower) => follower.finished));
  });
  // Whoever awaits neither must not meet an unhandled rejection; both still reject for who does.
  caughtUp.catch(() => undefined);
  finished.catch(() => undefined);
  return {
    caughtUp,
    finished,
    get isCaughtUp() {
      return caught;
    },
    position: (partition) => positions.get(partition) ?? 0n,
    async stop() {
      stopped = true;
      await Promise.all(followers.map((follower) => follower.stop()));
    },
  };
}

function startOf(
  log: Pick<LogPort, 'log'>,
  place: TopicPartition,
  from: NonNullable<FollowAllOptions['from']>,
): Promise<bigint> {
  if (from === 'beginning') return log.log.beginningOffset(place);
  if (from === 'end') return log.log.endOffset(place);
  return Promise.resolve(from(place.partition));
}
