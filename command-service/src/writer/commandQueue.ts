import type { LogRecord } from '@prorata/kafka-port';

/** Commands that wait to be decided: two to three batches, so that the source fetches meanwhile. */
const QUEUE_RECORDS_MAX = 3_000;
/** Their bytes. */
const QUEUE_BYTES_MAX = 8_000_000;

/** Records handed over by the source and not yet decided; whoever hands over waits while it is full. */
export class CommandQueue {
  #records: LogRecord[] = [];
  #bytes = 0;
  #wake: (() => void) | null = null;
  #room: PromiseWithResolvers<undefined> | null = null;
  #isClosed = false;
  #lastOffset = -1n;

  get length(): number {
    return this.#records.length;
  }

  /** Takes all and resolves when there is room for more, or when the queue is closed. */
  async offer(records: readonly LogRecord[]): Promise<void> {
    if (this.#isClosed) return;
    for (const record of records) {
      // A source may hand the same records over twice, as after a broken connection.
      if (record.offset <= this.#lastOffset) continue;
      this.#lastOffset = record.offset;
      this.#records.push(record);
      this.#bytes += bytesOf(record);
    }
    this.#wake?.();
    while (this.#isFull()) {
      this.#room ??= Promise.withResolvers<undefined>();
      await this.#room.promise;
    }
  }

  /** The oldest records, up to both limits; at least one when there is one. */
  take(recordsMax: number, bytesMax: number): LogRecord[] {
    let count = 0;
    let bytes = 0;
    for (const record of this.#records) {
      if (count >= recordsMax || (count > 0 && bytes + bytesOf(record) > bytesMax)) break;
      bytes += bytesOf(record);
      count++;
    }
    const taken = this.#records.splice(0, count);
    this.#bytes -= bytes;
    this.#makeRoom();
    return taken;
  }

  /** What did not fit into the batch comes first in the next. */
  putBack(records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    this.#records.unshift(...records);
    for (const record of records) this.#bytes += bytesOf(record);
  }

  /** Called at the next offer, once set. */
  onOffer(wake: () => void): void {
    this.#wake = wake;
  }

  close(): void {
    this.#isClosed = true;
    this.#records = [];
    this.#bytes = 0;
    this.#makeRoom();
  }

  #isFull(): boolean {
    return this.#records.length > QUEUE_RECORDS_MAX || this.#bytes > QUEUE_BYTES_MAX;
  }

  #makeRoom(): void {
    if (this.#isFull()) return;
    this.#room?.resolve(undefined);
    this.#room = null;
  }
}

function bytesOf(record: LogRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
