import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { OffsetGone } from '@prorata/kafka-port';
import type { Follower, LogRecord, PartitionLog } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contentOf, created, registered } from '../../test/drafts.ts';
import { EventStamper, makeAnchorKey } from '../../test/eventStamper.ts';
import type { Stamped } from '../../test/eventStamper.ts';
import { rawRecords } from '../../test/memorySource.ts';
import { AnchorKeys } from '../audit/anchorKeys.ts';
import { readAnchors } from '../audit/keptAnchors.ts';
import { PartitionExport } from './anchorExport.ts';
import { anchorWebhook } from './anchorWebhook.ts';
import type { DeliverLine } from './anchorWebhook.ts';
import { LineFile } from './lineFile.ts';

const codec = new Codec(memoryIds());
const key = makeAnchorKey();
const place = { topic: 'quota.events', partition: 0 };
let directory: string;
let file: string;
let failures: string[];

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-anchors-'));
  file = path.join(directory, 'anchors-0.ndjson');
  failures = [];
});
afterEach(() => rm(directory, { recursive: true }));

/** A partition of events that grows. */
class GrowingLog {
  readonly records: LogRecord[] = [];
  readonly #onRecords = new Set<() => void>();

  async grow(commands: readonly Stamped[]): Promise<void> {
    const raw = await rawRecords(commands, codec);
    const end = this.records.at(-1)?.offset ?? -1n;
    for (const record of raw) {
      if (record.topic !== 'quota.events' || record.offset <= end) continue;
      this.records.push({ ...record, timestampMs: 0 });
    }
    for (const told of this.#onRecords) told();
  }

  /** What a follower asks of a log. */
  get log(): PartitionLog {
    const endOffset = () => Promise.resolve((this.records.at(-1)?.offset ?? -1n) + 2n);
    const follow = async (
      _place: unknown,
      from: bigint,
      onBatch: (records: readonly LogRecord[]) => void | Promise<void>,
    ): Promise<Follower> => {
      if (from > (await endOffset())) throw new OffsetGone(place, from);
      return this.#follow(from, onBatch);
    };
    return { beginningOffset: () => Promise.resolve(0n), endOffset, follow } as never;
  }

  async #follow(
    from: bigint,
    onBatch: (records: readonly LogRecord[]) => void | Promise<void>,
  ): Promise<Follower> {
    const finished = Promise.withResolvers<undefined>();
    finished.promise.catch(() => undefined);
    let position = from;
    let handing = Promise.resolve();
    const hand = (): void => {
      handing = handing
        .then(async () => {
          const next = this.records.filter(({ offset }) => offset >= position);
          position = (next.at(-1)?.offset ?? position - 1n) + 1n;
          if (next.length > 0) await onBatch(next);
        })
        .catch((error: unknown) => finished.reject(error));
    };
    this.#onRecords.add(hand);
    hand();
    await handing;
    return {
      position,
      finished: finished.promise,
      stop: async () => {
        this.#onRecords.delete(hand);
        await handing;
        finished.resolve(undefined);
      },
    };
  }
}

function exporting(log: GrowingLog, deliver: DeliverLine | null = null): PartitionExport {
  const logger = createLogger('test', 'silent');
  const failed = (to: string): void => void failures.push(to);
  const parts = { log: { log: log.log }, codec, logger, directory, deliver, failed };
  return new PartitionExport(place, parts);
}

function story(name = 'moka', anchors = 2): Stamped[] {
  const stamper = new EventStamper(1);
  const told = [stamper.stamp(`application:${name}`, [registered]), stamper.anchor(0, key)];
  for (let count = 1; count < anchors; count += 1) {
    const quota = created(`${name}/q${count}`, contentOf());
    told.push(stamper.stamp(`application:${name}`, [quota]), stamper.anchor(0, key));
  }
  return told;
}

const linesIn = async (): Promise<number> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').length - 1;

describe('the export of anchors', () => {
  it('writes each once, in order, also after a restart, and an auditor can read them', async () => {
    const log = new GrowingLog();
    await log.grow(story('moka', 2));
    const first = exporting(log);
    const running = first.run();
    await vi.waitFor(async () => expect(await linesIn()).toBe(2));
    await first.stop();
    await running;
    await log.grow(story('moka', 4));
    const second = exporting(log);
    const again = second.run();
    await vi.waitFor(async () => expect(await linesIn()).toBe(4));
    await log.grow(story('moka', 5));
    await vi.waitFor(async () => expect(await linesIn()).toBe(5));
    await second.stop();
    await again;
    const anchors = await readAnchors(file, new AnchorKeys(key.publicKeys));
    expect(anchors.newest(0)).toMatchObject({ version: 5n, events: 5n });
    expect(second.status.contradiction).toBeNull();
  });

  it('ends also when it is told to before it has caught up', async () => {
    const log = new GrowingLog();
    await log.grow(story('moka', 3));
    for (let turns = 0; turns < 40; turns += 1) {
      const exported = exporting(log);
      const running = exported.run();
      for (let turn = 0; turn < turns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      await exported.stop();
      await running;
    }
    expect((await readAnchors(file, null)).newest(0)).not.toBeNull();
    const complete = exporting(log);
    const running = complete.run();
    await vi.waitFor(async () => expect(await linesIn()).toBe(3));
    await complete.stop();
    await running;
  });

  it('cuts off what a crash has left of a line, and writes it anew', async () => {
    const log = new GrowingLog();
    await log.grow(story('moka', 1));
    const first = exporting(log);
    const running = first.run();
    await vi.waitFor(async () => expect(await linesIn()).toBe(1));
    await first.stop();
    await running;
    await appendFile(file, '{"partition":0,"off');
    await log.grow(story('moka', 2));
    const second = exporting(log);
    const again = second.run();
    await vi.waitFor(async () => expect(await linesIn()).toBe(2));
    await second.stop();
    await again;
    expect((await readAnchors(file, null)).newest(0)?.version).toBe(2n);
  });

  it.each([
    ['cut off', () => story('moka', 1)],
    ['written anew', () => story('llm', 3)],
  ])('stops and says so where the log was %s meanwhile', async (_what, other) => {
    const log = new GrowingLog();
    await log.grow(story('moka', 3));
    const first = exporting(log);
    const running = first.run();
    await vi.waitFor(async () => expect(await linesIn()).toBe(3));
    await first.stop();
    await running;
    const changed = new GrowingLog();
    await changed.grow(other());
    const second = exporting(changed);
    await second.run();
    expect(second.status.contradiction).not.toBeNull();
    expect(await linesIn()).toBe(3);
    await second.stop();
  });

  it('tells a webhook each in its order, and again until it is taken', async () => {
    const taken: string[] = [];
    let refusals = 2;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const isRefused = refusals-- > 0;
        if (!isRefused) taken.push(Buffer.concat(chunks).toString());
        response.writeHead(isRefused ? 503 : 204).end();
        if (request.headers.authorization !== 'Bearer secret') taken.push('no token');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/anchors`;
    const deliver = anchorWebhook(url, () => Promise.resolve('secret'));
    const log = new GrowingLog();
    await log.grow(story('moka', 2));
    const first = exporting(log, deliver);
    const running = first.run();
    await vi.waitFor(() => expect(first.status.undeliveredBytes).toBe(0), 5_000);
    await vi.waitFor(() => expect(taken).toHaveLength(2), 5_000);
    await first.stop();
    await running;
    expect(failures).toEqual(['webhook', 'webhook']);
    await log.grow(story('moka', 3));
    const second = exporting(log, deliver);
    const again = second.run();
    await vi.waitFor(() => expect(taken).toHaveLength(3), 5_000);
    await second.stop();
    await again;
    expect(taken.map((line) => `${line}\n`).join('')).toBe(await readFile(file, 'utf8'));
    await new Promise((resolve) => server.close(resolve));
  });

  it('reads the lines of a file from where it is asked', async () => {
    const lines = await LineFile.open(path.join(directory, 'lines'));
    expect(await lines.lastLine()).toBeNull();
    await lines.append('one');
    await lines.append('two');
    expect(await lines.lastLine()).toBe('two');
    expect(await lines.lineAt(0)).toEqual({ line: 'one', next: 4 });
    expect(await lines.lineAt(4)).toEqual({ line: 'two', next: 8 });
    expect(await lines.lineAt(8)).toBeNull();
    await lines.close();
  });
});
