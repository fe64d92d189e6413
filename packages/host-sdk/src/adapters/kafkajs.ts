import type { Handle } from '../decision/handle.ts';
import { isAdmitted, NEVER } from '../decision/verdict.ts';
import type { Host } from '../host.ts';

/** What is needed of a kafkajs message; the consumer's own have more. */
interface OffsetMessage {
  readonly offset: string;
}

/** What is needed of the payload of kafkajs' `eachBatch`. */
interface BatchPayload<Message> {
  readonly batch: {
    readonly topic: string;
    readonly partition: number;
    readonly messages: readonly Message[];
  };
  resolveOffset(offset: string): void;
  heartbeat(): Promise<void>;
  commitOffsetsIfNecessary(): Promise<void>;
  isRunning(): boolean;
  isStale(): boolean;
  pause(): () => void;
}

export interface ConsumedMessage<Message> {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
  heartbeat(): Promise<void>;
}

export interface PausingOptions<Message> {
  readonly host: Host;
  readonly quota: Handle;
  /** A rate or a consumable that messages are charged to. */
  readonly resource: string;
  /** Whole base units. Default 1. */
  readonly cost?: (message: Message) => number;
  /** Where limits are each key's own: the message's. */
  readonly key?: (message: Message) => string;
}

/** A pause is looked at again after so long, milliseconds: the limit may have been raised. */
const PAUSE_MS_MAX = 5_000;
/** No pause is shorter, milliseconds: a fetch costs about as much. */
const PAUSE_MS_MIN = 10;

/**
 * What to run a kafkajs consumer with so that it takes as much as its quota has room for:
 * `consumer.run(pausingRun(options, eachMessage))`. Where there is none, the partition is paused until
 * there may be, and fetched again from the message that was held up; meanwhile the consumer goes on
 * with other partitions and keeps its place in the group.
 */
export function pausingRun<Message extends OffsetMessage>(
  options: PausingOptions<Message>,
  eachMessage: (consumed: ConsumedMessage<Message>) => Promise<void>,
): { eachBatchAutoResolve: false; eachBatch: (payload: BatchPayload<Message>) => Promise<void> } {
  /** The message that each partition waits with: it asks again. */
  const held = new Map<string, string>();
  return {
    eachBatchAutoResolve: false,
    async eachBatch(payload) {
      const { topic, partition, messages } = payload.batch;
      const place = `${partition} ${topic}`;
      for (const message of messages) {
        if (!payload.isRunning() || payload.isStale()) return;
        if (!take(options, message, held.get(place) === message.offset)) {
          held.set(place, message.offset);
          resumeLater(payload.pause(), options.host.last.retryAfterMicros);
          return;
        }
        held.delete(place);
        await eachMessage({ topic, partition, message, heartbeat: () => payload.heartbeat() });
        payload.resolveOffset(message.offset);
        await payload.heartbeat();
        await payload.commitOffsetsIfNecessary();
      }
    },
  };
}

function take<Message>(
  { quota, resource, cost, key }: PausingOptions<Message>,
  message: Message,
  delayed: boolean,
): boolean {
  const units = cost?.(message) ?? 1;
  const ofKey = key?.(message) ?? '';
  // Whoever asks again was counted as refused before.
  if (delayed && !isAdmitted(quota.peekFor(ofKey, resource, units))) return false;
  return isAdmitted(quota.takeFor(ofKey, resource, units, delayed));
}

function resumeLater(resume: () => void, retryAfterMicros: number): void {
  const wait = retryAfterMicros === NEVER ? PAUSE_MS_MAX : Math.ceil(retryAfterMicros / 1000);
  setTimeout(resume, Math.max(PAUSE_MS_MIN, Math.min(wait, PAUSE_MS_MAX))).unref();
}
