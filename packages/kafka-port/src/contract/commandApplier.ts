import type { LogPort, LogRecord, OwnedSource, PartitionWriter, TopicPartition } from '../port.ts';

/** The least service that fences, restores and serves: it applies each command as one event. */
export interface CommandApplier {
  readonly source: OwnedSource;
  readonly assigned: number[];
  readonly revoked: number[];
  /** What `append` threw, in order, and what ended the source. */
  readonly faults: Error[];
  /** Commands handed over, before anything is done with them. */
  readonly received: string[];
}

export interface CommandApplierOptions {
  readonly port: LogPort;
  /** Part of the transactional id: the consumer group's name, or the fault of naming the instance. */
  readonly identityGroup: string;
  readonly group: string;
  readonly commands: string;
  readonly events: string;
  readonly sessionTimeoutMs: number;
  /** Awaited between receiving a command and appending its event: where a process stalls. */
  readonly beforeAppend?: () => Promise<void>;
  /** Fence and restore again after a failed append, as a service does that the group still counts in. */
  readonly reassignOnFault?: boolean;
}

const commandOffset = 'command-offset';

export async function runCommandApplier(options: CommandApplierOptions): Promise<CommandApplier> {
  const { port, commands, events, group, identityGroup, sessionTimeoutMs } = options;
  const writers = new Map<number, PartitionWriter>();
  const seen = {
    assigned: [] as number[],
    revoked: [] as number[],
    faults: [] as Error[],
    received: [] as string[],
  };
  const running: { source?: OwnedSource } = {};
  const source = await port.source.run(
    { group, topic: commands, sessionTimeoutMs },
    {
      async assigned(place: TopicPartition) {
        const writer = await port.writers.fence({ group: identityGroup, ...place });
        writers.set(place.partition, writer);
        seen.assigned.push(place.partition);
        return restore(port, { topic: events, partition: place.partition });
      },
      revoked(place) {
        seen.revoked.push(place.partition);
        return Promise.resolve();
      },
      async batch(place, records) {
        seen.received.push(...records.map(({ value }) => String(value)));
        await options.beforeAppend?.();
        try {
          await writers
            .get(place.partition)
            ?.append(records.map((record) => eventOf(record, events)));
        } catch (error) {
          seen.faults.push(error as Error);
          if (options.reassignOnFault === true) running.source?.reassign(place);
        }
      },
    },
  );
  running.source = source;
  source.finished.catch((error: unknown) => seen.faults.push(error as Error));
  return { source, ...seen };
}

/** The offset after the last command that an event answers. */
async function restore(port: LogPort, place: TopicPartition): Promise<bigint> {
  let next = 0n;
  await port.log.readToEnd(place, await port.log.beginningOffset(place), (records) => {
    for (const { headers } of records) next = BigInt(String(headers.get(commandOffset))) + 1n;
  });
  return next;
}

function eventOf({ partition, offset, key, value }: LogRecord, topic: string) {
  return { topic, partition, key, value, headers: { [commandOffset]: offset.toString() } };
}
