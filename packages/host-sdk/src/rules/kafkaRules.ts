import type { Follower, LogPort, LogRecord, TopicPartition } from '@prorata/kafka-port';
import type { Codec, Rule } from '@prorata/schemas';
import { inNamespace, rulesTopicOf, UnreadableRecord } from '@prorata/schemas';
import { Backoff, isRunning, pause } from '../backoff.ts';
import { reconnectMaxMs, reconnectMinMs } from './ruleSource.ts';
import type { RuleSink, RuleSource } from './ruleSource.ts';

export interface KafkaRulesOptions {
  readonly port: Pick<LogPort, 'log'>;
  readonly codec: Codec;
  /** The prefix of a shared cluster; none by default. */
  readonly namespace?: string;
}

/** How often the topic's end is asked for, milliseconds: a fraction of any sensible `staleAfterMs`. */
const CONFIRM_INTERVAL_MS = 5_000;
/** Header of a tombstone: the offset of the deletion's event, as decimal text. */
const EVENT_OFFSET = 'event-offset';

type Change =
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'gone'; readonly quotaId: string; readonly eventOffset: bigint | null }
  | { readonly kind: 'unreadable'; readonly quotaId: string; readonly error: unknown };

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
          const next = await readAll(port, codec, partition, sink);
          backoff.reset();
          await follow(port, codec, partition, next, sink, abort);
        } catch (error) {
          sink.failed(error);
        }
        await backoff.pause(abort);
      }
    },
  };
}

async function readAll(
  port: Pick<LogPort, 'log'>,
  codec: Codec,
  partition: TopicPartition,
  sink: RuleSink,
): Promise<bigint> {
  const latest = new Map<string, Change>();
  const from = await port.log.beginningOffset(partition);
  const end = await port.log.readToEnd(partition, from, async (records) => {
    for (const record of records) latest.set(keyOf(record), await changeOf(codec, record));
  });
  const rules: Rule[] = [];
  const unreadable: string[] = [];
  let appliedOffset = -1n;
  for (const change of latest.values()) {
    if (change.kind === 'rule') rules.push(change.rule);
    if (change.kind === 'unreadable') {
      unreadable.push(change.quotaId);
      sink.failed(change.error);
    }
    const offset = offsetOf(change);
    if (offset !== null && offset > appliedOffset) appliedOffset = offset;
  }
  sink.replaceAll({ rules, unreadable, isWritten: end > 0n, appliedOffset });
  sink.confirm();
  return end;
}

/** Resolves when aborted; rejects with what ended the following. */
async function follow(
  port: Pick<LogPort, 'log'>,
  codec: Codec,
  partition: TopicPartition,
  from: bigint,
  sink: RuleSink,
  abort: AbortSignal,
): Promise<void> {
  const follower = await port.log.follow(partition, from, async (records) => {
    for (const record of records) applyTo(sink, await changeOf(codec, record));
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
      sink.failed(error);
    }
  }
}

function applyTo(sink: RuleSink, change: Change): void {
  if (change.kind === 'rule') sink.change(change.rule);
  else if (change.kind === 'gone') sink.remove(change.quotaId, change.eventOffset);
  else sink.failed(change.error);
}

/** @throws the registry's error when it does not answer: the same record may be readable later. */
async function changeOf(codec: Codec, record: LogRecord): Promise<Change> {
  const quotaId = keyOf(record);
  if (record.value === null) {
    const text = record.headers.get(EVENT_OFFSET)?.toString() ?? '';
    return { kind: 'gone', quotaId, eventOffset: /^\d{1,19}$/.test(text) ? BigInt(text) : null };
  }
  try {
    const message = await codec.decode(record.value);
    if (message.type === 'Rule' && message.value.quotaId === quotaId) {
      return { kind: 'rule', rule: message.value };
    }
    const found = new UnreadableRecord(`The record of ${quotaId} is no rule of it.`);
    return { kind: 'unreadable', quotaId, error: found };
  } catch (error) {
    if (error instanceof UnreadableRecord) return { kind: 'unreadable', quotaId, error };
    throw error;
  }
}

const keyOf = (record: LogRecord): string => record.key?.toString() ?? '';

function offsetOf(change: Change): bigint | null {
  if (change.kind === 'rule') return change.rule.eventOffset;
  return change.kind === 'gone' ? change.eventOffset : null;
}
