import { rename, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OffsetGone } from '@prorata/kafka-port';
import type { Follower, LogPort, LogRecord, TopicPartition } from '@prorata/kafka-port';
import { anchorStreamOf } from '@prorata/quota-model';
import type { Codec } from '@prorata/schemas';
import { anchorFromLine, anchorLine } from '../audit/anchorLine.ts';
import type { ExportedAnchor } from '../audit/anchorLine.ts';
import type { Logger } from '../logger.ts';
import type { DeliverLine } from './anchorWebhook.ts';
import { LineFile } from './lineFile.ts';

/** Before another try, milliseconds; twice that each time. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 30_000;

export interface ExportParts {
  readonly log: Pick<LogPort, 'log'>;
  readonly codec: Pick<Codec, 'asWritten'>;
  readonly logger: Logger;
  /** Where the files stand; one process writes them. */
  readonly directory: string;
  /** null: nobody is told. */
  readonly deliver: DeliverLine | null;
  readonly failed: (to: 'file' | 'webhook') => void;
}

/** The log is not the one that was exported: it was cut off or written anew, or is another log. */
export class LogContradicted extends Error {
  override readonly name = 'LogContradicted';
}

export interface ExportStatus {
  readonly partition: number;
  /** When the last anchor in the file was made, microseconds; null: there is none. */
  readonly exportedAt: bigint | null;
  /** Bytes of the file that the webhook has not taken yet. */
  readonly undeliveredBytes: number;
  /** null, or why nothing more of this partition is exported until somebody looks. */
  readonly contradiction: string | null;
}

/**
 * Carries the anchors of one partition out of the log: each as a line into `anchors-<partition>.ndjson`, then
 * to the webhook. Where to go on is what the file's last line says, and, for the webhook, how much of the file
 * it has taken (`anchors-<partition>.delivered`; without it, it gets all again). An outage of any part is
 * waited out. A log that does not have the last exported anchor where it was is a finding of its own.
 */
export class PartitionExport {
  readonly #place: TopicPartition;
  readonly #parts: ExportParts;
  readonly #stopping = new AbortController();
  #file: LineFile | null = null;
  #last: ExportedAnchor | null = null;
  #delivered = 0;
  #contradiction: string | null = null;
  #follower: Follower | null = null;
  #running: Promise<void> = Promise.resolve();
  #delivery: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(place: TopicPartition, parts: ExportParts) {
    this.#place = place;
    this.#parts = parts;
  }

  get status(): ExportStatus {
    return {
      partition: this.#place.partition,
      exportedAt: this.#last?.decidedAt ?? null,
      undeliveredBytes: (this.#file?.length ?? 0) - this.#delivered,
      contradiction: this.#contradiction,
    };
  }

  /** Resolves after `stop`, or when the log contradicts what was exported. */
  run(): Promise<void> {
    this.#running = this.#export();
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#follower?.stop().catch(() => undefined);
    await this.#running.catch(() => undefined);
    await this.#delivery;
    await this.#file?.close();
  }

  async #export(): Promise<void> {
    await this.#persist('file', () => this.#open());
    if (this.#parts.deliver !== null) this.#delivery = this.#deliverAll(this.#parts.deliver);
    for (let pauseMs = RETRY_MS; !this.#isStopping; pauseMs = later(pauseMs)) {
      try {
        await this.#follow();
        return;
      } catch (error) {
        if (this.#contradicted(error)) return;
        this.#parts.failed('file');
        this.#parts.logger.warn(
          { err: error, ...this.#place },
          'Anchors are not exported for now.',
        );
      }
      await this.#pause(pauseMs);
    }
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #open(): Promise<void> {
    this.#file ??= await LineFile.open(this.#path('ndjson'));
    const line = await this.#file.lastLine();
    this.#last = line === null ? null : anchorFromLine(line, 1);
    const text = await readFile(this.#path('delivered'), 'utf8').catch(() => '0');
    const delivered = Number(text);
    this.#delivered =
      Number.isSafeInteger(delivered) && delivered <= this.#file.length ? delivered : 0;
  }

  /** From the last exported anchor on, which must still be there. */
  async #follow(): Promise<void> {
    const { log } = this.#parts.log;
    const from = this.#last?.offset ?? (await log.beginningOffset(this.#place));
    if ((await log.endOffset(this.#place)) <= (this.#last?.offset ?? -1n)) {
      throw new LogContradicted(`It ends before offset ${from}, where an exported anchor stood.`);
    }
    const known = this.#last;
    let isKnownSeen = known === null;
    this.#follower = await log.follow(this.#place, from, async (records) => {
      for (const record of records) {
        if (!isKnownSeen) {
          await this.#compare(record, known);
          isKnownSeen = true;
        } else if (record.key?.toString() === anchorStreamOf(record.partition)) {
          await this.#take(record);
        }
      }
    });
    // It was caught up with while somebody asked for the end, and had no name to be stopped by.
    if (this.#isStopping) await this.#follower.stop();
    await this.#follower.finished;
  }

  async #compare(record: LogRecord, known: ExportedAnchor | null): Promise<void> {
    const line = await this.#lineOf(record).catch(() => null);
    if (line !== null && anchorFromLine(line, 1).own.hash === known?.own.hash) return;
    throw new LogContradicted(`At offset ${record.offset} stands not what was exported.`);
  }

  async #take(record: LogRecord): Promise<void> {
    if (this.#isStopping) return;
    const line = await this.#lineOf(record);
    const anchor = anchorFromLine(line, 1);
    const next = (this.#last?.own.version ?? 0n) + 1n;
    if (anchor.own.version !== next) {
      throw new LogContradicted(`Version ${anchor.own.version} stands where ${next} is due.`);
    }
    await this.#persist('file', async () => {
      await this.#file?.append(line);
      this.#last = anchor;
    });
    this.#wake();
  }

  async #lineOf({ partition, offset, value }: LogRecord): Promise<string> {
    return anchorLine(partition, offset, await this.#parts.codec.asWritten(value));
  }

  async #deliverAll(deliver: DeliverLine): Promise<void> {
    while (!this.#isStopping) {
      const found = await this.#file?.lineAt(this.#delivered);
      if (found === undefined || found === null) await this.#rest();
      else {
        await this.#persist('webhook', async () => {
          await deliver(found.line);
          await this.#keepDelivered(found.next);
        });
      }
    }
  }

  async #keepDelivered(position: number): Promise<void> {
    const file = this.#path('delivered');
    await writeFile(`${file}.part`, position.toString(), { flush: true });
    await rename(`${file}.part`, file);
    this.#delivered = position;
  }

  /** Tries until it is done, or until the end. */
  async #persist(to: 'file' | 'webhook', work: () => Promise<void>): Promise<void> {
    for (let pauseMs = RETRY_MS; !this.#isStopping; pauseMs = later(pauseMs)) {
      try {
        await work();
        return;
      } catch (error) {
        this.#parts.failed(to);
        this.#parts.logger.warn(
          { err: error, ...this.#place, to },
          'An anchor waits for its export.',
        );
      }
      await this.#pause(pauseMs);
    }
  }

  #contradicted(error: unknown): boolean {
    if (!(error instanceof LogContradicted) && !(error instanceof OffsetGone)) return false;
    this.#contradiction = error.message;
    this.#parts.logger.error(
      { err: error, ...this.#place },
      'The log is not the one whose anchors were exported: verify it against them.',
    );
    return true;
  }

  async #rest(): Promise<void> {
    if (this.#isStopping) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }

  #path(ending: string): string {
    return path.join(this.#parts.directory, `anchors-${this.#place.partition}.${ending}`);
  }
}

const later = (pauseMs: number): number => Math.min(pauseMs * 2, RETRY_MS_MAX);
