import type { ICustomPartitioner } from 'kafkajs';
import type { OutRecord, TopicPartition } from '../port.ts';

/**
 * The records of one send have several leaders: nothing of this attempt was sent. What was learned
 * of leaders stands, so that grouping anew helps.
 */
export class LeadersDiffer extends Error {
  override readonly name = 'LeadersDiffer';
}

/** How often records are grouped anew when leaders move meanwhile: elections do not follow each other so quickly. */
export const REGROUPINGS_MAX = 10;

/**
 * Keeps each send of a producer to one broker. kafkajs sends to all leaders side by side, and when one
 * answers with a fault that may pass (a transaction that follows another always begins with one), it
 * tries again while another's answer is still on its way: those records go out a second time, under
 * new sequence numbers, and stand in the log twice, in the same committed transaction.
 *
 * kafkajs asks the partitioner for every record at every attempt and before anything of it is sent,
 * and shows it the leaders that it is about to use. So the partitioner is where a send to several is
 * stopped, where leaders are learned, and where a producer that was given up is kept from writing
 * behind its successor's back.
 */
export class OneLeader {
  readonly #leaders = new Map<string, number>();
  readonly #isGivenUp: () => boolean;
  #leaderOfSend: number | undefined;

  constructor(isGivenUp: () => boolean) {
    this.#isGivenUp = isGivenUp;
  }

  /** Takes the partition that the record names, never a computed one. */
  readonly partitioner: ICustomPartitioner = () => {
    return ({ topic, message, partitionMetadata }) => {
      if (this.#isGivenUp()) throw new Error('This producer was given up.');
      const { partition } = message;
      if (partition === undefined)
        throw new RangeError(`A record for ${topic} names no partition.`);
      const leader = partitionMetadata.find(({ partitionId }) => partitionId === partition)?.leader;
      if (leader !== undefined) this.#learn({ topic, partition }, leader);
      return partition;
    };
  };

  /** Records by the leader that their partition had last, in their order; each group is for one send. */
  groupsOf(records: readonly OutRecord[]): OutRecord[][] {
    return [...Map.groupBy(records, (record) => this.#leaders.get(keyOf(record))).values()];
  }

  /** Before each send. */
  begin(): void {
    this.#leaderOfSend = undefined;
  }

  #learn(place: TopicPartition, leader: number): void {
    this.#leaders.set(keyOf(place), leader);
    this.#leaderOfSend ??= leader;
    if (leader === this.#leaderOfSend) return;
    throw new LeadersDiffer(
      `${keyOf(place)} is led by ${leader}, and not by ${this.#leaderOfSend}.`,
    );
  }
}

/** Whether this, or what lies under it, is a `LeadersDiffer`: kafkajs wraps what it gives up on. */
export function meansLeadersDiffer(error: unknown): boolean {
  let current: unknown = error;
  // kafkajs nests its wrappers two or three deep; the bound only guards against a cycle.
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if (current instanceof LeadersDiffer) return true;
    current = current.cause;
  }
  return false;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}
