import { partitionOf } from '@prorata/kafka-port';
import type { LogPort } from '@prorata/kafka-port';
import { evolve } from '@prorata/quota-model';
import type { ApplicationState, StreamState } from '@prorata/quota-model';
import type { Codec, EventMessage } from '@prorata/schemas';
import { inNamespace } from '@prorata/schemas';

export interface EventLog {
  readonly port: Pick<LogPort, 'log' | 'admin'>;
  readonly codec: Codec;
  readonly namespace: string;
}

/**
 * An application as its events make it by now, with cuts and overrides; null: it is not registered. All events of
 * its partition are read, those of other streams are not decoded.
 * @throws what the log or the registry throws
 */
export async function stateFromLog(
  { port, codec, namespace }: EventLog,
  application: string,
): Promise<ApplicationState | null> {
  const topic = inNamespace('quota.events', namespace);
  const admin = await port.admin();
  const [described] = await admin.describeTopics([topic]).finally(() => admin.close());
  if (described === undefined) return null;
  const stream = `application:${application}`;
  const partition = partitionOf(stream, described.partitions);
  let state: StreamState | null = null;
  await port.log.readToEnd({ topic, partition }, 0n, async (records) => {
    for (const { key, value } of records) {
      if (key?.toString() !== stream) continue;
      state = evolve(state, (await codec.decode(value)) as EventMessage);
    }
  });
  const folded = state as StreamState | null;
  return folded?.kind === 'application' ? folded : null;
}
