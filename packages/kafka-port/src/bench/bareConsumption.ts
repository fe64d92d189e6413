import { createClient, retryQuickly } from '../kafkajs/client.ts';
import type { KafkaConnection } from '../kafkajs/client.ts';

/**
 * The floor of `bench usage`: nothing but kafkajs's own consumer, from the beginning of a topic.
 * @param each is handed every value
 * @returns milliseconds from the first batch to the last of `records` records
 */
export async function consumeBare(
  connection: KafkaConnection,
  topic: string,
  group: string,
  records: number,
  each: (value: Buffer) => void,
): Promise<number> {
  const consumer = createClient(connection).consumer({ groupId: group, retry: retryQuickly });
  const done = Promise.withResolvers<number>();
  let [startedMs, seen] = [0, 0];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  try {
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        startedMs ||= performance.now();
        for (const { value } of batch.messages) if (value !== null) each(value);
        seen += batch.messages.length;
        if (seen >= records) done.resolve(performance.now() - startedMs);
        return Promise.resolve();
      },
    });
    return await done.promise;
  } finally {
    await consumer.disconnect();
  }
}
