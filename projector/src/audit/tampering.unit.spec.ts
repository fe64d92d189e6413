import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { partitionOf } from '@prorata/kafka-port';
import { anchoredPartition } from '@prorata/quota-model';
import { Codec, memoryIds } from '@prorata/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { EventStamper, makeAnchorKey } from '../../test/eventStamper.ts';
import type { Stamped } from '../../test/eventStamper.ts';
import { rawRecords } from '../../test/memorySource.ts';
import { AnchorKeys } from './anchorKeys.ts';
import { anchorLine, AnchorUnreadable } from './anchorLine.ts';
import type { RawRecord } from './auditSource.ts';
import { lineOf } from './copyFormat.ts';
import { CopySource } from './copySource.ts';
import { KeptAnchors, readAnchors } from './keptAnchors.ts';
import { verifyLog } from './verifyLog.ts';
import type { AuditReport } from './verifyLog.ts';

const codec = new Codec(memoryIds());
const PARTITIONS = 1;
const writersKey = makeAnchorKey();
const keys = new AnchorKeys(writersKey.publicKeys);
const MOKA = 'application:moka';
const LLM = 'application:llm';

interface Story {
  /** Tokens a second that moka's quota has from its third event on. */
  readonly amount?: bigint;
  readonly key?: typeof writersKey;
  /** Events that are appended after the last anchor. */
  readonly blind?: number;
}

/** Two streams of five and four events, three anchors, and perhaps what came after the last. */
function story({ amount = 100n, key = writersKey, blind = 0 }: Story = {}): Stamped[] {
  const stamper = new EventStamper(PARTITIONS);
  const told: Stamped[] = [];
  let version = 1n;
  const change = (stream: string, by: bigint): void => {
    const quotaId = `${stream.split(':')[1]!}/prod`;
    const content = contentOf({ limits: [tokensPerSecond(amount + by)] });
    told.push(stamper.stamp(stream, [changed(quotaId, (version += 1n), content)]));
  };
  for (const stream of [MOKA, LLM]) {
    told.push(stamper.stamp(stream, [registered]));
    told.push(stamper.stamp(stream, [created(`${stream.split(':')[1]!}/prod`, contentOf())]));
  }
  told.push(stamper.anchor(0, key));
  change(MOKA, 1n);
  change(MOKA, 2n);
  told.push(stamper.anchor(0, key));
  change(LLM, 3n);
  change(MOKA, 4n);
  change(LLM, 5n);
  told.push(stamper.anchor(0, key));
  for (let count = 0; count < blind; count += 1) change(MOKA, 6n + BigInt(count));
  return told;
}

let directory: string;
let exported: string;
let whole: readonly RawRecord[];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'prorata-tampering-'));
  whole = await rawRecords(story(), codec);
  exported = path.join(directory, 'anchors.ndjson');
  await writeFile(exported, await exportedFrom(whole));
});
afterAll(() => rm(directory, { recursive: true }));

async function exportedFrom(records: readonly RawRecord[]): Promise<string> {
  const lines: string[] = [];
  for (const { topic, key, partition, offset, value } of records) {
    if (topic !== 'quota.events' || anchoredPartition(key!.toString()) === null) continue;
    lines.push(anchorLine(partition, offset, await codec.asWritten(value)));
  }
  return `${lines.join('\n')}\n`;
}

/** The log as a copy in a file, whose digests the tampering hand has made anew. */
async function verify(
  records: readonly RawRecord[],
  { anchored = true, signed = true, stream = null as string | null } = {},
): Promise<AuditReport> {
  const copy = path.join(directory, 'copy.ndjson');
  await writeFile(copy, records.map((record) => `${lineOf(record)}\n`).join(''));
  const anchors = anchored ? await readAnchors(exported, keys) : new KeptAnchors();
  return verifyLog(new CopySource(copy, codec), {
    codec,
    stream,
    anchors,
    keys: signed ? keys : null,
  });
}

const eventsOf = (stream: string, records = whole): RawRecord[] =>
  records.filter(({ topic, key }) => topic === 'quota.events' && key?.toString() === stream);

/** A log without the outcomes that would give a cut away: they are deleted after 400 days. */
const withoutOutcomes = (records: readonly RawRecord[]): RawRecord[] =>
  records.filter(({ topic }) => topic === 'quota.events');

describe('a log that nobody touched', () => {
  it('holds with its anchors, in the log and exported, and has no blind window', async () => {
    const report = await verify(whole);
    expect(report).toMatchObject({ events: 12, streams: 3, firstBad: null, anchors: 3 });
    expect(report.blind).toEqual({ events: 0, since: null });
    expect((await verify(whole, { anchored: false })).firstBad).toBeNull();
  });

  it('states what came after the last anchor, and since when', async () => {
    const longer = await rawRecords(story({ blind: 2 }), codec);
    for (const anchored of [true, false]) {
      const { firstBad, blind } = await verify(longer, { anchored });
      const last = story().at(-1)!.events[0]!.value.envelope.decidedAt;
      expect({ firstBad, blind }).toEqual({ firstBad: null, blind: { events: 2, since: last } });
    }
    const { blind } = await verify(longer, { stream: MOKA });
    expect(blind.events).toBe(2);
    expect((await verify(longer, { stream: LLM })).blind.events).toBe(0);
  });

  it('holds stream by stream, the anchors own included', async () => {
    for (const [stream, events] of [
      [MOKA, 5],
      [LLM, 4],
      ['anchor:0', 3],
    ] as const) {
      expect(await verify(whole, { stream })).toMatchObject({ events, streams: 1, firstBad: null });
    }
  });
});

describe('in a copy of the log', () => {
  it('one altered byte of any event is named, of a last one and of an anchor, too', async () => {
    for (const victim of withoutOutcomes(whole)) {
      for (let at = 5; at < victim.value!.length; at += 7) {
        const value = Buffer.from(victim.value!);
        value.writeUInt8(value.readUInt8(at) ^ 1, at);
        const altered = whole.map((record) => (record === victim ? { ...record, value } : record));
        const { firstBad } = await verify(altered, { signed: false });
        const what = `${victim.key!.toString()} offset ${victim.offset} byte ${at}`;
        expect([victim.offset, null], `${what}: ${firstBad?.problem}`).toContain(firstBad?.offset);
      }
    }
  });

  it('one dropped event is named, whichever it is', async () => {
    for (const victim of withoutOutcomes(whole)) {
      const stream = victim.key!.toString();
      const version = BigInt(eventsOf(stream).indexOf(victim)) + 1n;
      const left = withoutOutcomes(whole).filter((record) => record !== victim);
      const { firstBad } = await verify(left);
      expect(firstBad, `${stream} ${version}`).toMatchObject({ stream });
      // The one that is missing, or the next, before which it is missing.
      expect([version, version + 1n]).toContain(firstBad!.streamVersion);
    }
  });

  it('two swapped events are named, of one stream or of two', async () => {
    const events = withoutOutcomes(whole);
    for (const [one, other] of [
      [eventsOf(MOKA)[2]!, eventsOf(MOKA)[3]!],
      [eventsOf(MOKA)[4]!, eventsOf('anchor:0')[2]!],
      [eventsOf('anchor:0')[0]!, eventsOf('anchor:0')[1]!],
    ] as const) {
      const swapped = events.map((record) => {
        const twin = record === one ? other : record === other ? one : record;
        return { ...twin, offset: record.offset };
      });
      const { firstBad } = await verify(swapped);
      // null: of the two that changed places one is missing where the other stands now.
      expect([one.offset, other.offset, null], firstBad?.problem).toContain(firstBad?.offset);
      expect([one, other].map(({ key }) => key!.toString())).toContain(firstBad?.stream);
    }
  });

  it('swapped first events of two streams are named by the root alone, which knows their order', async () => {
    const events = withoutOutcomes(whole);
    const [one, other] = [eventsOf(MOKA)[1]!, eventsOf(LLM)[0]!];
    const [first] = eventsOf(MOKA);
    const order = [
      other,
      first!,
      one,
      ...events.filter((each) => ![first, one, other].includes(each)),
    ];
    const moved = order.map((record, index) => ({ ...record, offset: events[index]!.offset }));
    const { firstBad } = await verify(moved, { anchored: false });
    expect(firstBad).toMatchObject({ stream: 'anchor:0', streamVersion: 1n });
    expect(firstBad!.problem).toContain('root');
  });

  it('an inserted event is named', async () => {
    const forged = new EventStamper(PARTITIONS).stamp('application:evil', [registered]);
    const [record] = await rawRecords([forged], codec);
    const at = whole.indexOf(eventsOf('anchor:0')[1]!);
    const inserted = [...whole.slice(0, at), { ...record!, offset: whole[at]!.offset - 1n }];
    const { firstBad } = await verify([...inserted, ...whole.slice(at)], { anchored: false });
    expect(firstBad).toMatchObject({ topic: 'quota.events' });
    expect(firstBad!.problem).toMatch(/no accepted outcome|speaks of 6 events in 2 streams/);
  });

  it('a tail cut off is named against the exported anchors, and unseen without them', async () => {
    const events = withoutOutcomes(whole);
    const last = events.indexOf(eventsOf('anchor:0')[1]!);
    const cut = events.slice(0, last + 1);
    expect((await verify(cut, { anchored: false })).firstBad).toBeNull();
    const { firstBad } = await verify(cut);
    expect(firstBad).toMatchObject({ stream: MOKA, streamVersion: 5n, offset: null });
    expect(firstBad!.problem).toContain('ends at version 4, and the anchor knows 5');
    const one = await verify(cut, { stream: LLM });
    expect(one.firstBad).toMatchObject({ stream: LLM, streamVersion: 3n });
  });

  it('a stream written anew with fresh hashes is named by the anchors in the log', async () => {
    const anew = await rawRecords(story({ amount: 999n }), codec);
    const forged = eventsOf(MOKA, anew);
    const mixed = whole.map((record) => {
      const index = eventsOf(MOKA).indexOf(record);
      return index < 0 ? record : { ...forged[index]!, offset: record.offset };
    });
    for (const stream of [null, MOKA]) {
      const { firstBad } = await verify(mixed, { anchored: false, stream });
      expect(firstBad).toMatchObject({
        stream: MOKA,
        streamVersion: 4n,
        offset: eventsOf(MOKA)[3]!.offset,
      });
      expect(firstBad!.problem).toContain('one of versions 3 to 4 was altered');
    }
  });

  it('a log written anew with its anchors is named by the exported ones, and by its signatures', async () => {
    const stolen = await rawRecords(story({ amount: 999n }), codec);
    expect((await verify(stolen, { anchored: false })).firstBad).toBeNull();
    const { firstBad } = await verify(stolen);
    expect(firstBad).toMatchObject({ stream: MOKA, streamVersion: 4n });
    const key = makeAnchorKey(writersKey.keyId);
    const forged = await rawRecords(story({ amount: 999n, key }), codec);
    const found = await verify(forged, { anchored: false });
    expect(found.firstBad).toMatchObject({ stream: 'anchor:0', streamVersion: 1n });
    expect(found.firstBad!.problem).toContain('signature');
    expect((await verify(forged, { anchored: false, signed: false })).firstBad).toBeNull();
  });

  it('an event of another type in a stream of anchors is named', async () => {
    const stamper = new EventStamper(PARTITIONS);
    const records = await rawRecords([stamper.stamp('anchor:0', [registered])], codec);
    const { firstBad } = await verify(records, { anchored: false });
    expect(firstBad!.problem).toContain('not for events of its type');
  });
});

describe('a file of exported anchors', () => {
  it('is refused where a line was altered, whatever the letter', async () => {
    const text = await readFile(exported, 'utf8');
    const file = path.join(directory, 'altered.ndjson');
    const [first] = text.split('\n');
    for (let at = 0; at < first!.length; at += 13) {
      const letter = first![at] === '1' ? '2' : '1';
      await writeFile(file, `${first!.slice(0, at)}${letter}${first!.slice(at + 1)}\n`);
      // The offset is where it stood: whoever alters it says nothing else about what stood there.
      if (/"offset":"\d*$/.test(first!.slice(0, at))) continue;
      await expect(readAnchors(file, keys), `letter ${at}`).rejects.toThrow(AnchorUnreadable);
    }
  });

  it('is refused where it is signed by another key, and taken without keys', async () => {
    const other = new AnchorKeys(makeAnchorKey(writersKey.keyId).publicKeys);
    await expect(readAnchors(exported, other)).rejects.toThrow('Line 1: its signature');
    const unknown = new AnchorKeys(makeAnchorKey('test-2').publicKeys);
    await expect(readAnchors(exported, unknown)).rejects.toThrow('not among the public keys');
    expect((await readAnchors(exported, null)).newest(0)).toMatchObject({
      version: 3n,
      events: 9n,
    });
  });

  it('that is empty or says two things of one version is refused', async () => {
    const file = path.join(directory, 'odd.ndjson');
    await writeFile(file, '\n');
    await expect(readAnchors(file, null)).rejects.toThrow('no JSON');
    const folder = await mkdtemp(path.join(directory, 'folder-'));
    await expect(readAnchors(folder, null)).rejects.toThrow('empty');
    await writeFile(path.join(folder, 'anchors-0.ndjson'), await exportedFrom(whole));
    await writeFile(path.join(folder, 'anchors-0.delivered'), '17');
    expect((await readAnchors(folder, keys)).newest(0)?.version).toBe(3n);
    const anew = await rawRecords(story({ amount: 999n }), codec);
    await writeFile(file, (await exportedFrom(whole)) + (await exportedFrom(anew)));
    await expect(readAnchors(file, null)).rejects.toThrow('two hashes');
  });
});

it('the streams of these tests share the partition', () => {
  expect([MOKA, LLM].map((stream) => partitionOf(stream, PARTITIONS))).toEqual([0, 0]);
});
