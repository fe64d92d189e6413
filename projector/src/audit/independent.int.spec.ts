import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { partitionOf } from '@prorata/kafka-port';
import type { OutRecord } from '@prorata/kafka-port';
import { hashOf, inNamespace } from '@prorata/schemas';
import type { EventMessage } from '@prorata/schemas';
import { pythonClient, sharedStack } from '@prorata/test-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestContext } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { makeAnchorKey } from '../../test/eventStamper.ts';
import { openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';

const run = promisify(execFile);
const main = path.join(import.meta.dirname, 'main.ts');
const verifier = path.join(import.meta.dirname, '../../test/independent/verify_events.py');
const PARTITIONS = 4;
const TIMEOUT_MS = 300_000;

/** What both say of one thing that is wrong. */
interface Bad {
  readonly partition: number;
  readonly offset: number;
  readonly stream: string;
}

interface Verdict {
  readonly events: number;
  readonly streams: number;
  readonly anchors: number;
  readonly signatures: 'checked' | 'not checked';
  readonly firstBad: Bad | null;
  /** The Python verifier's, by partition. */
  readonly bad?: readonly Bad[];
}

/** An application for each partition. */
const streams = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let number = 0; ; number += 1) {
    const stream = `application:a${number}`;
    if (partitionOf(stream, PARTITIONS) === partition) return stream;
  }
});

const idOf = (stream: string): string => `${stream.split(':')[1]!}/prod`;

describe('a verifier that knows only the reference', { timeout: TIMEOUT_MS }, () => {
  let whole: Stand;
  let tampered: Stand;
  let directory: string;
  let passwordFile: string;
  const key = makeAnchorKey();
  const told: EventMessage[][] = [];

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-independent-'));
    passwordFile = path.join(directory, 'password');
    await writeFile(passwordFile, sharedStack().passwords.auditor, { mode: 0o600 });
    [whole, tampered] = [await openStand(), await openStand()];
    for (const [partition, stream] of streams.entries()) {
      const commands = tell(partition, stream);
      await whole.append(...commands);
      told.push(commands.flatMap(({ events }) => events));
    }
    for (const partition of streams.keys()) {
      const events = tamperings[partition]!(told[partition]!);
      await tampered.appendRecords(partition, await recordsIn(tampered, partition, events));
    }
  }, TIMEOUT_MS);

  afterAll(async () => {
    await whole.close();
    await tampered.close();
    await rm(directory, { recursive: true });
  });

  /** Texts, numbers, maps and empty lists of all kinds, and two anchors. */
  function tell(partition: number, stream: string) {
    const { stamper } = whole;
    const labels = { team: 'Zürich "1"\n\u0001', '€': '𝄞', a: '' };
    const content = (amount: bigint) =>
      contentOf({ limits: [tokensPerSecond(amount)], labels, tier: 3 });
    return [
      stamper.stamp(stream, [registered]),
      stamper.stamp(stream, [created(idOf(stream), content(9_007_199_254_740_993n))]),
      stamper.anchor(partition, key),
      stamper.stamp(stream, [changed(idOf(stream), 2n, content(2n))], { reason: 'wörd \\ "x"' }),
      stamper.stamp(stream, [changed(idOf(stream), 3n, content(3n))], { timer: 'override:x' }),
      stamper.stamp(stream, [changed(idOf(stream), 4n, content(4n))]),
      stamper.anchor(partition, key),
    ];
  }

  const reasoned = (event: EventMessage, reason: string): EventMessage =>
    ({
      ...event,
      value: { ...event.value, envelope: { ...event.value.envelope, reason } },
    }) as EventMessage;

  /** By partition: altered in the middle, dropped, swapped, and written anew from the third event on. */
  const tamperings: readonly ((events: readonly EventMessage[]) => readonly EventMessage[])[] = [
    (events) => events.with(3, reasoned(events[3]!, 'another')),
    (events) => events.toSpliced(3, 1),
    (events) => events.with(3, events[4]!).with(4, events[3]!),
    (events) => {
      let before = events[1]!;
      return events.map((event, at) => {
        if (at < 3 || event.type === 'HeadsAnchored') return event;
        const { value } = reasoned(event, 'another');
        const envelope = { ...value.envelope, previousHash: hashOf(before) };
        before = { ...event, value: { ...value, envelope } } as EventMessage;
        return before;
      });
    },
  ];

  /** Events alone: their outcomes would give some of it away, and the verifier does not read them. */
  function recordsIn(
    stand: Stand,
    partition: number,
    events: readonly EventMessage[],
  ): Promise<OutRecord[]> {
    return Promise.all(
      events.map(async (event) => ({
        topic: inNamespace('quota.events', stand.namespace),
        partition,
        key: Buffer.from(event.value.envelope.stream),
        value: await stand.codec.encode('quota.events', event),
      })),
    );
  }

  async function verdictOf(program: string, args: readonly string[], env = process.env) {
    const { stdout, stderr, code } = await run(program, [...args], { env }).then(
      (done) => ({ ...done, code: 0 }),
      (error: unknown) => error as { stdout: string; stderr: string; code: number },
    );
    if (stdout === '') throw new Error(stderr);
    return { code, ...(JSON.parse(stdout) as Verdict) };
  }

  function ours(stand: Stand, ...more: readonly string[]) {
    const environment = stand.environment('auditor', 'postgres://none');
    const env = { PATH: process.env['PATH'], ...environment };
    return verdictOf(process.execPath, [main, 'verify', '--json', ...more], env);
  }

  async function theirs(stand: Stand, context: TestContext, ...more: readonly string[]) {
    const client = await pythonClient();
    if ('missing' in client) return context.skip(`skipped: ${client.missing}`);
    const { brokers, registryUrl } = sharedStack();
    return verdictOf(client.python, [
      verifier,
      ...['--brokers', brokers.join(','), '--registry', registryUrl, '--username', 'auditor'],
      ...['--group', inNamespace('reader.stranger', stand.namespace)],
      ...['--password-file', passwordFile, '--topic', inNamespace('quota.events', stand.namespace)],
      ...more,
    ]);
  }

  it('finds nothing in a log that nobody touched, as we do', async (context) => {
    const keys = ['--keys', await keysFile('right.json', key.publicKeys)];
    const found = await theirs(whole, context, ...keys);
    const counted = { code: 0, events: 28, streams: 8, anchors: 8, firstBad: null };
    const expected = { ...counted, signatures: 'checked' };
    expect(found).toMatchObject(expected);
    expect(await ours(whole, ...keys)).toMatchObject(expected);
  });

  it('does not believe an anchor that the key under its id did not sign, as we do not', async (context) => {
    const keys = ['--keys', await keysFile('wrong.json', makeAnchorKey().publicKeys)];
    const found = await theirs(whole, context, ...keys);
    expect(found.bad?.map(({ stream }) => stream)).toEqual(
      streams.map((_, partition) => `anchor:${partition}`),
    );
    const { partition, offset, stream } = found.firstBad!;
    const { code, firstBad } = await ours(whole, ...keys);
    expect({ code, firstBad }).toMatchObject({ code: 1, firstBad: { partition, offset, stream } });
  });

  async function keysFile(name: string, publicKeys: string): Promise<string> {
    const file = path.join(directory, name);
    await writeFile(file, publicKeys);
    return file;
  }

  it('names what we name in a log that was altered, cut, swapped and written anew', async (context) => {
    const found = await theirs(tampered, context);
    expect(found.code).toBe(1);
    expect(found.bad?.map(({ stream }) => stream)).toEqual(streams);
    for (const [partition, stream] of streams.entries()) {
      const { code, firstBad } = await ours(tampered, '--stream', stream);
      const { offset } = found.bad![partition]!;
      expect({ code, firstBad }, stream).toMatchObject({
        code: 1,
        firstBad: { partition, offset, stream },
      });
    }
    const { firstBad } = await ours(tampered);
    expect(firstBad).toMatchObject({
      partition: found.firstBad!.partition,
      offset: found.firstBad!.offset,
      stream: found.firstBad!.stream,
    });
  });
});
