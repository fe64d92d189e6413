import type { LogPort, LogRecord } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import { inNamespace, leasesTopicOf, UnreadableRecord } from '@prorata/schemas';
import { Backoff, isRunning } from '../backoff.ts';
import { orRejection } from '../credentialsRejected.ts';
import { reconnectMaxMs, reconnectMinMs } from '../rules/ruleSource.ts';
import { bootOfLeaseKey, leaseLookBackMs } from './leaseSource.ts';
import type { LeaseHolder, LeaseSink } from './leaseSource.ts';

export interface LeaseTopicOptions {
  readonly port: Pick<LogPort, 'log'>;
  readonly codec: Codec;
  readonly namespace: string;
}

/**
 * Follows the application's leases and hands on those of one start of the host; what is meant for others is not
 * decoded. Resolves when aborted; never rejects.
 */
export async function followLeases(
  options: LeaseTopicOptions,
  { application, bootId }: LeaseHolder,
  sink: LeaseSink,
  abort: AbortSignal,
): Promise<void> {
  const isMine = (key: string): boolean => bootOfLeaseKey(key) === bootId;
  await followLeaseRecords(options, application, sink, abort, async (record) => {
    if (record.value === null || !isMine(record.key?.toString() ?? '')) return;
    const message = await options.codec.decode(record.value);
    if (message.type === 'Lease') sink.lease(message.value);
  });
}

/** Every record of an application's leases from a lease's life ago on; reconnects until aborted. Never rejects. */
export async function followLeaseRecords(
  { port, namespace }: LeaseTopicOptions,
  application: string,
  sink: Pick<LeaseSink, 'failed'>,
  abort: AbortSignal,
  take: (record: LogRecord) => Promise<void>,
): Promise<void> {
  const partition = { topic: inNamespace(leasesTopicOf(application), namespace), partition: 0 };
  const backoff = new Backoff(reconnectMinMs, reconnectMaxMs);
  let next: bigint | null = null;
  while (isRunning(abort)) {
    try {
      next ??= await port.log.offsetAt(partition, Date.now() - leaseLookBackMs);
      next ??= await port.log.endOffset(partition);
      const follower = await port.log.follow(partition, next, async (records) => {
        for (const record of records) {
          next = record.offset + 1n;
          await taken(record, take, sink);
        }
      });
      backoff.reset();
      const ended = new Promise<void>((resolve) => {
        if (abort.aborted) resolve();
        abort.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([follower.finished, ended]).finally(() => follower.stop());
    } catch (error) {
      // A topic that was made anew begins at 0: look again where to begin.
      next = null;
      if (isRunning(abort)) sink.failed(orRejection(error));
    }
    await backoff.pause(abort);
  }
}

async function taken(
  record: LogRecord,
  take: (record: LogRecord) => Promise<void>,
  sink: Pick<LeaseSink, 'failed'>,
): Promise<void> {
  try {
    await take(record);
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    sink.failed(error);
  }
}
