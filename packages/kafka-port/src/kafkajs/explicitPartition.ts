import type { ICustomPartitioner } from 'kafkajs';

/**
 * Takes the partition that the record names, never a computed one. kafkajs asks the partitioner again
 * at every attempt to send, which makes it the one place where the endless retries of a producer
 * that was given up can be ended: a late attempt would write behind its successor's back.
 */
export function explicitPartition(isGivenUp: () => boolean): ICustomPartitioner {
  return () =>
    ({ topic, message }) => {
      if (isGivenUp()) throw new Error('This producer was given up.');
      if (message.partition === undefined)
        throw new RangeError(`A record for ${topic} names no partition.`);
      return message.partition;
    };
}
