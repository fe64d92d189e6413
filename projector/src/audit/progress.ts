import type { AuditedTopic, AuditSource, RawRecord } from './auditSource.ts';

/** Whoever waits longer than this is told how far it is, milliseconds; and again after so many. */
const SILENT_MS = 1_000;
const BETWEEN_MS = 1_000;

/** A source that says on stderr how far it has been read: what is printed on stdout is for programs. */
export class Progress implements AuditSource {
  readonly partitions: number | null;
  readonly #source: AuditSource;
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #sizes = new Map<AuditedTopic, bigint | null>();
  #toldMs: number | null = null;

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
    let records = 0;
    const size = await this.#sizeOf(topic, partition);
    await this.#source.read(topic, partition, async (record) => {
      await onRecord(record);
      records += 1;
      this.#tell(topic, records, size);
    });
  }

  /** Ends the line, if there is one. */
  end(): void {
    if (this.#toldMs !== null) this.#write('\n');
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
      size === null || size === 0n ? '' : `, at least ${Number((BigInt(records) * 100n) / size)} %`;
    this.#write(`\r${topic}: ${records} records read${share} `);
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
