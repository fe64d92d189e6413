import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Codec, memoryIds } from '@prorata/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { EventStamper } from '../../test/eventStamper.ts';
import type { Stamped } from '../../test/eventStamper.ts';
import { exported } from '../../test/exported.ts';
import { MemorySource, rawRecords } from '../../test/memorySource.ts';
import type { RawRecord } from './auditSource.ts';
import { CopySource } from './copySource.ts';
import { KeptAnchors, readAnchors, writeHeads } from './keptAnchors.ts';
import { verifyLog } from './verifyLog.ts';

const codec = new Codec(memoryIds());
const PARTITIONS = 2;

function someCommands(): Stamped[] {
  const stamper = new EventStamper(PARTITIONS);
  const commands: Stamped[] = [];
  for (const stream of ['application:moka', 'application:llm']) {
    commands.push(stamper.stamp(stream, [registered]));
    const quotaId = `${stream.split(':')[1]!}/prod`;
    const content = contentOf({ limits: [tokensPerSecond(100n)] });
    commands.push(stamper.stamp(stream, [created(quotaId, content)]));
    for (let version = 2n; version < 6n; version += 1n) {
      const next = contentOf({ limits: [tokensPerSecond(100n * version)] });
      commands.push(stamper.stamp(stream, [changed(quotaId, version, next)]));
    }
    commands.push(stamper.refuse(stream, 'LIMIT_ABOVE_PARENT'));
    commands.push(
      stamper.stamp(stream, [changed(quotaId, 6n, content)], { timer: `override:${quotaId}` }),
    );
  }
  return commands;
}

let whole: readonly RawRecord[];
let directory: string;

beforeAll(async () => {
  whole = await rawRecords(someCommands(), codec);
  directory = await mkdtemp(path.join(tmpdir(), 'prorata-audit-'));
});
afterAll(() => rm(directory, { recursive: true }));

function verify(records: readonly RawRecord[], anchors = new KeptAnchors(), stream?: string) {
  const source = new MemorySource(PARTITIONS, records);
  return verifyLog(source, { codec, stream: stream ?? null, anchors, keys: null });
}

const eventsOf = (stream: string): RawRecord[] =>
  whole.filter((record) => record.topic === 'quota.events' && record.key!.toString() === stream);

function replace(record: RawRecord, value: Buffer): RawRecord[] {
  return whole.map((other) => (other === record ? { ...record, value } : other));
}

function flip(record: RawRecord, at: number): Buffer {
  const value = Buffer.from(record.value!);
  value.writeUInt8(value.readUInt8(at) ^ 1, at);
  return value;
}

describe('a log that nobody touched', () => {
  it('holds', async () => {
    const { events, streams, firstBad } = await verify(whole);
    expect({ events, streams, firstBad }).toEqual({ events: 14, streams: 2, firstBad: null });
  });

  it('is checked for one stream alone', async () => {
    const { events, streams, firstBad } = await verify(
      whole,
      new KeptAnchors(),
      'application:moka',
    );
    expect({ events, streams, firstBad }).toEqual({ events: 7, streams: 1, firstBad: null });
  });
});

describe('a flipped byte', () => {
  it('is named wherever it is in an event that another follows', async () => {
    const victim = eventsOf('application:moka')[2]!;
    for (let at = 0; at < victim.value!.length; at += 1) {
      const { firstBad } = await verify(replace(victim, flip(victim, at)));
      expect(firstBad, `byte ${at}`).toMatchObject({ partition: victim.partition });
      expect([victim.offset, null], `byte ${at}: ${firstBad!.problem}`).toContain(firstBad!.offset);
    }
  });

  it('in a last event is seen where its outcome, its place or its form tells', async () => {
    const victim = eventsOf('application:llm').at(-1)!;
    let unseen = 0;
    for (let at = 0; at < victim.value!.length; at += 1) {
      const { firstBad } = await verify(replace(victim, flip(victim, at)));
      if (firstBad === null) unseen += 1;
    }
    // The blind spot, which the anchor and a copy's digests close.
    expect(unseen).toBeGreaterThan(0);
    expect(unseen).toBeLessThan(victim.value!.length);
  });

  it('in a last event is always named against an anchor', async () => {
    const { heads } = await verify(whole);
    const file = path.join(directory, 'anchor.json');
    await writeHeads(file, heads);
    const anchors = await readAnchors(file, null);
    expect((await verify(whole, anchors)).firstBad).toBeNull();
    const victim = eventsOf('application:llm').at(-1)!;
    for (let at = 0; at < victim.value!.length; at += 1) {
      const { firstBad } = await verify(replace(victim, flip(victim, at)), anchors);
      expect(firstBad, `byte ${at}`).not.toBeNull();
    }
  });
});

describe('an event that is', () => {
  it('dropped is missing before its successor', async () => {
    const events = eventsOf('application:moka');
    const { firstBad } = await verify(whole.filter((record) => record !== events[3]));
    expect(firstBad).toMatchObject({ offset: events[4]!.offset, streamVersion: 5n });
    expect(firstBad!.problem).toContain('1 missing');
  });

  it('dropped at the end is missed by the outcome of its command', async () => {
    const [, ...events] = eventsOf('application:moka').reverse();
    const tail = new Set([eventsOf('application:moka').at(-1)!, events[0]!]);
    const { firstBad } = await verify(whole.filter((record) => !tail.has(record)));
    expect(firstBad).toMatchObject({ offset: null, stream: 'application:moka', streamVersion: 6n });
    expect(firstBad!.problem).toContain('not in the log');
  });

  it('swapped with the next is out of order', async () => {
    const [first, second] = eventsOf('application:moka').slice(2, 4) as [RawRecord, RawRecord];
    const swapped = whole.map((record) => {
      if (record === first) return { ...first, value: second.value };
      return record === second ? { ...second, value: first.value } : record;
    });
    const { firstBad } = await verify(swapped);
    expect(firstBad).toMatchObject({ offset: first.offset, streamVersion: 4n });
  });

  it('repeated is named', async () => {
    const victim = eventsOf('application:moka')[2]!;
    const at = whole.indexOf(victim);
    const copy = { ...victim, offset: victim.offset + 1n };
    const { firstBad } = await verify([...whole.slice(0, at + 1), copy, ...whole.slice(at + 1)]);
    expect(firstBad).toMatchObject({ offset: copy.offset, streamVersion: 3n });
  });

  it('forged onto the end of the chain is answered by no outcome', async () => {
    const stamper = new EventStamper(PARTITIONS);
    const commands = [...someCommands().map((command) => command)];
    expect(commands.length).toBeGreaterThan(0);
    const forged = [
      stamper.stamp('application:moka', [registered]),
      stamper.stamp('application:moka', [created('moka/evil', contentOf())]),
    ];
    const genuine = await rawRecords(forged, codec);
    const withoutOutcome = genuine.filter(
      (record, index) => record.topic === 'quota.events' || index < 2,
    );
    const { firstBad } = await verify(withoutOutcome);
    expect(firstBad).toMatchObject({ streamVersion: 2n });
    expect(firstBad!.problem).toContain('no accepted outcome');
  });
});

describe('a content that is not what its hash says', () => {
  const stamped = (contentHash: string | null) => {
    const stamper = new EventStamper(PARTITIONS);
    const draft = created('moka/a', contentOf());
    const of = { ...draft, data: { ...draft.data, contentHash } } as typeof draft;
    const commands = [stamper.stamp('application:moka', [registered])];
    return rawRecords([...commands, stamper.stamp('application:moka', [of])], codec);
  };

  it('is named, though its event’s chain and outcome hold', async () => {
    const records = await stamped('0'.repeat(64));
    const { firstBad } = await verify(records);
    const bad = records.findLast(({ topic }) => topic === 'quota.events')!;
    expect(firstBad).toMatchObject({
      topic: 'quota.events',
      offset: bad.offset,
      streamVersion: 2n,
    });
    expect(firstBad!.problem).toContain('contentHash');
  });

  it('is not looked for in an event from before there were hashes', async () => {
    expect((await verify(await stamped(null))).firstBad).toBeNull();
  });
});

describe('a copy', () => {
  const copied = async (): Promise<string> => {
    const file = path.join(directory, 'copy.ndjson');
    const { records } = await exported(new MemorySource(PARTITIONS, whole), codec, file);
    expect(records).toBe(whole.length);
    return file;
  };
  const verifyCopy = (file: string) =>
    verifyLog(new CopySource(file, codec), {
      codec,
      stream: null,
      anchors: new KeptAnchors(),
      keys: null,
    });

  it('holds as the log does', async () => {
    const { events, streams, firstBad } = await verifyCopy(await copied());
    expect({ events, streams, firstBad }).toEqual({ events: 14, streams: 2, firstBad: null });
  });

  it('names the record whose value was altered, the very last one included', async () => {
    const file = await copied();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    for (const index of [lines.length - 1, lines.length - 3]) {
      const line = JSON.parse(lines[index]!) as { value: string; offset: string };
      const value = Buffer.from(line.value, 'base64');
      value.writeUInt8(value.readUInt8(value.length - 1) ^ 4, value.length - 1);
      const altered = { ...line, value: value.toString('base64') };
      const damaged = lines.with(index, JSON.stringify(altered));
      await writeFile(file, damaged.join('\n'));
      const { firstBad } = await verifyCopy(file);
      expect(firstBad).toMatchObject({ offset: BigInt(line.offset) });
    }
  });

  it('names whichever record a byte was flipped in, outcomes too', async () => {
    const file = await copied();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    for (const [index, text] of lines.entries()) {
      const line = JSON.parse(text) as { value: string; offset: string; topic: string };
      const value = Buffer.from(line.value, 'base64');
      // In the envelope, which the last event's outcome repeats: of its other fields nothing else speaks.
      const place = Math.floor(value.length / 3);
      value.writeUInt8(value.readUInt8(place) ^ 1, place);
      const altered = JSON.stringify({ ...line, value: value.toString('base64') });
      await writeFile(file, lines.with(index, altered).join('\n'));
      const { firstBad } = await verifyCopy(file);
      expect(firstBad).toMatchObject({ topic: line.topic, offset: BigInt(line.offset) });
    }
  });

  it('names the record of which its words tell something else than its bytes', async () => {
    const file = await copied();
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    for (const [index, text] of lines.entries()) {
      const line = JSON.parse(text) as { offset: number };
      const altered: Record<string, unknown> = { ...line, reason: 'another' };
      delete altered['sha256'];
      // By a hand that makes the digest anew.
      const sha256 = createHash('sha256').update(JSON.stringify(altered)).digest('hex');
      await writeFile(file, lines.with(index, JSON.stringify({ ...altered, sha256 })).join('\n'));
      const { firstBad } = await verifyCopy(file);
      expect(firstBad).toMatchObject({ offset: BigInt(line.offset) });
      expect(firstBad!.problem).toContain('not what stands in its bytes');
    }
  });

  it('of a part of the log is not taken for one that can be verified', async () => {
    const file = path.join(directory, 'part.ndjson');
    await exported(new MemorySource(PARTITIONS, whole), codec, file, { what: ['events'] });
    await expect(verifyCopy(file)).rejects.toThrow('only a whole export can be verified');
  });

  it('says so when a line is no record', async () => {
    const file = await copied();
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('{', '['));
    expect((await verifyCopy(file)).firstBad!.problem).toContain('Line 1');
  });
});
