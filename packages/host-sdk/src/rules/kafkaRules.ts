import type { Follower, LogPort, TopicPartition } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import { inNamespace, rulesTopicOf } from '@prorata/schemas';
import { orRejection } from '../credentialsRejected.ts';
import { Backoff, isRunning, pause } from '../backoff.ts';
import { followLeases } from '../leases/kafkaLeases.ts';
import { TimeSlices } from '../timeSlices.ts';
import { ruleRecordOf } from './ruleRecord.ts';
import { reconnectMaxMs, reconnectMinMs } from './ruleSource.ts';
import type { RuleSink, RuleSource } from './ruleSource.ts';
import { TopicReading } from './topicReading.ts';

export interface KafkaRulesOptions {
  readonly port: Pick<LogPort, 'log'>;
  readonly codec: Codec;
  /** The prefix of a shared cluster; none by default. */
  readonly namespace?: string;
}

/** How often the topic's end is asked for, milliseconds: a fraction of any sensible `staleAfterMs`. */
const CONFIRM_INTERVAL_MS = 5_000;
/** Rules from the application's compacted topic: read to its end, then followed. */
export function kafkaRules({ port, codec, namespace = '' }: KafkaRulesOptions): RuleSource {
  return {
    kind: 'kafka',
    async run(application, sink, abort) {
      const partition = {
        topic: inNamespace(rulesTopicOf(application), namespace),
        partition: 0,
      };
      const backoff = new Backoff(reconnectMinMs, reconnectMaxMs);
      while (isRunning(abort)) {
        try {
          const reading = new TopicReading(sink);
          const next = await readAll(port, codec, partition, reading);
          sink.confirm();
          backoff.reset();
          await follow(port, codec, partition, next, reading, sink, abort);
        } catch (error) {
          sink.failed(orRejection(error));
        }
        await backoff.pause(abort);
      }
    },
    followLeases: (holder, sink, abort) =>
      followLeases({ port, codec, namespace }, holder, sink, abort),
  };
}

/** @returns where to go on. */
async function readAll(
  port: Pick<LogPort, 'log'>,
  codec: Codec,
  partition: TopicPartition,
  reading: TopicReading,
): Promise<bigint> {
  const from = await port.log.beginningOffset(partition);
  const slices = new TimeSlices();
  const end = await port.log.readToEnd(partition, from, async (records) => {
    for (const record of records) {
      reading.add(await ruleRecordOf(codec, record));
      if (slices.isOver) await slices.rest();
    }
  });
  reading.reachedEnd();
  return end;
}

/** Resolves when aborted; rejects with what ended the following. */
async function follow(
  port: Pick<LogPort, 'log'>,
  codec: Codec,
  partition: TopicPartition,
  from: bigint,
  reading: TopicReading,
  sink: RuleSink,
  abort: AbortSignal,
): Promise<void> {
  const follower = await port.log.follow(partition, from, async (records) => {
    for (const record of records) reading.add(await ruleRecordOf(codec, record));
  });
  const ended = new AbortController();
  try {
    await Promise.race([
      follower.finished,
      confirmAgainAndAgain(port, partition, follower, sink, AbortSignal.any([abort, ended.signal])),
    ]);
  } finally {
    ended.abort();
    await follower.stop();
  }
}

/** Being connected is no proof: the end as it stood one round ago must have been reached. */
async function confirmAgainAndAgain(
  port: Pick<LogPort, 'log'>,
  partition: TopicPartition,
  follower: Follower,
  sink: RuleSink,
  abort: AbortSignal,
): Promise<void> {
  let endBefore = 0n;
  while (isRunning(abort)) {
    await pause(CONFIRM_INTERVAL_MS, abort);
    if (!isRunning(abort)) return;
    try {
      const end = await port.log.endOffset(partition);
      if (follower.position >= endBefore) sink.confirm();
      endBefore = end;
    } catch (error) {
      sink.failed(orRejection(error));
    }
  }
}
