import { countText } from '@prorata/service-runtime';
import type { AuditedTopic, AuditSource, RawRecord } from './auditSource.ts';

/** Whoever waits longer than this is told how far it is, milliseconds; and again after so many. */
const SILENT_MS = 1_000;
const BETWEEN_MS = 1_000;
/** Percent; all of it is said when the end is reached, for the log may grow meanwhile. */
const SHARE_MAX = 99;

/** A source that says on stderr how far it has been read: what is printed on stdout is for programs. */
export class Progress implements AuditSource {
  readonly partitions: number | null;
  readonly #source: AuditSource;
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #sizes = new Map<AuditedTopic, bigint | null>();
  /** By topic, over all readings of it. */
  readonly #records = new Map<AuditedTopic, number>();
  #toldMs: number | null = null;
  /** Characters of the line that is not ended yet; 0: there is none. */
  #lineLength = 0;

  constructor(
    source: AuditSource,
    write = (text: string): void => void process.stderr.write(text),
    now = (): number => performance.now(),
  ) {
    this.partitions = source.partitions;
    this.#source = source;
    this.#write = write;
    this.#now = now;
    this.#startedMs = now();
  }

  size(topic: AuditedTopic, partition: number | null): Promise<bigint | null> {
    return this.#source.size(topic, partition);
  }

  async read(
    topic: AuditedTopic,
    partition: number | null,
    onRecord: (record: RawRecord) => Promise<void>,
  ): Promise<void> {
    const size = await this.#sizeOf(topic, partition);
    const before = this.#records.get(topic) ?? 0;
    let records = before;
    await this.#source.read(topic, partition, async (record) => {
      await onRecord(record);
      records += 1;
      this.#tell(topic, records, size);
    });
    this.#records.set(topic, records);
    // Whoever was told how far it is, is told that it is all.
    if (this.#toldMs === null || (records === before && this.#lineLength === 0)) return;
    this.#line(`${topic}: ${countText(records, 'record')} read, 100 %`);
    this.end();
  }

  /** Ends the line, if there is one. */
  end(): void {
    if (this.#lineLength > 0) this.#write('\n');
    this.#lineLength = 0;
  }

  async #sizeOf(topic: AuditedTopic, partition: number | null): Promise<bigint | null> {
    const known = this.#sizes.get(topic);
    if (known !== undefined) return known;
    const size = await this.#source.size(topic, partition);
    this.#sizes.set(topic, size);
    return size;
  }

  #tell(topic: AuditedTopic, records: number, size: bigint | null): void {
    const nowMs = this.#now();
    const isSoon =
      this.#toldMs === null
        ? nowMs - this.#startedMs < SILENT_MS
        : nowMs - this.#toldMs < BETWEEN_MS;
    if (isSoon) return;
    this.#toldMs = nowMs;
    // Control records have offsets and are not handed over: the share is the least that is done.
    const share =
      size === null || size === 0n
        ? ''
        : `, at least ${Math.min(SHARE_MAX, Number((BigInt(records) * 100n) / size))} %`;
    this.#line(`${topic}: ${countText(records, 'record')} read${share}`);
  }

  /** In the place of the line before, which may have been longer. */
  #line(text: string): void {
    this.#write(`\r${text.padEnd(this.#lineLength)} `);
    this.#lineLength = text.length;
  }
}

/** As work without records to count: what it is, and for how long already. */
export async function tellWhile<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let times = 0;
  const timer = setInterval(() => {
    times += 1;
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    process.stderr.write(`\r${what}: ${seconds} s `);
  }, BETWEEN_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (times > 0) process.stderr.write('\n');
  }
}
