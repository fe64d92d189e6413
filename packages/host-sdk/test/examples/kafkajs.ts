import { pausingRun } from '@prorata/host-sdk/kafkajs';
import type { Host } from '@prorata/host-sdk';
import type { createClient } from '@prorata/kafka-port/bareClient';

type Consumer = ReturnType<ReturnType<typeof createClient>['consumer']>;

export async function kafkajsExample(
  host: Host,
  consumer: Consumer,
  handle: (value: string) => Promise<void>,
): Promise<void> {
  // #region example
  const quota = host.bind({ quota: 'moka/prod/ads' });
  await consumer.run(
    pausingRun({ host, quota, resource: 'tokens' }, async ({ message }) => {
      await handle(message.value?.toString() ?? '');
    }),
  );
  // #endregion example
}
