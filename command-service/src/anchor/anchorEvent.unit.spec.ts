import { generateKeyPairSync, sign, verify } from 'node:crypto';
import type { LogRecord } from '@prorata/kafka-port';
import { anchorSignedBytes, Codec, HeadTree, hashOf, memoryIds } from '@prorata/schemas';
import type { CommandMessage, EventMessage, HeadsAnchored } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { creating, registering } from '../testing/simulatedCommands.ts';
import { headChunks, HeadAssembly } from '../snapshot/streamBody.ts';
import { decideBatch } from '../writer/decideBatch.ts';
import { encoder } from '../writer/outRecords.ts';
import { PartitionState } from '../writer/partitionState.ts';
import type { ReadCommand } from '../writer/readCommand.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';
import {
  ANCHORED_HEADS_MAX,
  anchorDueAt,
  UNANCHORED_EVENTS_MAX,
  unanchoredEvents,
} from './anchorEvent.ts';
import type { AnchorParts } from './anchorEvent.ts';

const codec = new Codec(memoryIds());
const topics = writerTopicsIn('');
const PARTITION = 1;
const STREAM = 'anchor:1';
const start = 1_000_000_000n;
const minute = 60_000_000n;
const pair = generateKeyPairSync('ed25519');
const anchors: AnchorParts = {
  everyMicros: minute,
  keyId: 'a1',
  sign: (bytes) => sign(null, bytes, pair.privateKey),
};

const recordAt = (offset: number): LogRecord => ({
  topic: topics.commands,
  partition: PARTITION,
  offset: BigInt(offset),
  timestampMs: 0,
  key: null,
  value: null,
  headers: new Map(),
});

function read(offset: number, command: CommandMessage, at: bigint): ReadCommand {
  const { stream } = command.value.envelope;
  return { kind: 'command', record: recordAt(offset), command, stream, signedAt: at };
}

/** A partition and its log, as a writer that anchors makes them. */
class Partition {
  state = new PartitionState();
  readonly events: EventMessage[] = [];
  #commands = 0;

  /** One batch. @returns the anchors in it */
  async decide(at: bigint, ...commands: CommandMessage[]): Promise<HeadsAnchored[]> {
    const reads = commands.map((command) => read(this.#commands++, command, at));
    const parts = { partition: PARTITION, topics, encode: encoder(codec), bytesMax: 700_000 };
    const batch = await decideBatch(this.state, reads, at, { ...parts, anchors });
    const fresh: EventMessage[] = [];
    for (const { topic, value } of batch.records)
      if (topic === topics.events) fresh.push((await codec.decode(value)) as EventMessage);
    this.events.push(...fresh);
    return fresh.flatMap((event) => (event.type === 'HeadsAnchored' ? [event.value] : []));
  }

  register(at: bigint, ...names: string[]): Promise<HeadsAnchored[]> {
    const commands = names.map((name) =>
      registering(this.#commands + names.indexOf(name), name, at),
    );
    return this.decide(at, ...commands);
  }

  dueAt(): bigint | null {
    return anchorDueAt(this.state, PARTITION, minute);
  }

  /** As a successor has it: folded from the log, or from a snapshot. */
  async restored(by: 'log' | 'snapshot'): Promise<Partition> {
    const copy = new Partition();
    copy.#commands = this.#commands;
    copy.events.push(...this.events);
    if (by === 'log') for (const event of this.events) copy.state.apply(event, hashOf(event));
    else {
      for (const [stream, head] of this.state.freeze()) {
        const assembly = new HeadAssembly();
        for (const chunk of headChunks(head)) assembly.add(chunk);
        copy.state.restoreHead(stream, await assembly.finish(() => Promise.resolve()));
      }
      this.state.thaw();
    }
    return copy;
  }
}

const namedIn = ({ heads }: HeadsAnchored): string[] => heads.map(({ stream }) => stream);

describe('the anchor of a partition', () => {
  it('names the heads that stand in the log before it, signed, at the start of the next batch', async () => {
    const partition = new Partition();
    expect(await partition.register(start, 'moka', 'llm')).toEqual([]);
    const [anchor, ...more] = await partition.decide(start + 1n, creating(9, 'moka/a', start + 1n));
    expect(more).toEqual([]);
    expect(anchor?.envelope).toMatchObject({
      stream: STREAM,
      streamVersion: 1n,
      cause: 'timer',
      timer: 'anchor',
      commandId: null,
      actor: { kind: 'service', issuer: 'prorata', subject: 'writer' },
    });
    const [moka, llm, own] = partition.events;
    expect(own?.type).toBe('HeadsAnchored');
    const tree = new HeadTree();
    for (const event of [moka!, llm!])
      tree.set({ stream: event.value.envelope.stream, version: 1n, hash: hashOf(event) });
    expect(anchor).toMatchObject({ streams: 2n, events: 2n, keyId: 'a1' });
    expect(Buffer.from(anchor!.root)).toEqual(tree.root());
    expect(anchor!.heads.map(({ hash }) => Buffer.from(hash))).toEqual([
      hashOf(moka!),
      hashOf(llm!),
    ]);
    const holds = (value: HeadsAnchored): boolean =>
      verify(null, anchorSignedBytes(value), pair.publicKey, value.signature);
    expect(holds(anchor!)).toBe(true);
    expect(holds({ ...anchor!, events: 3n })).toBe(false);
    expect(holds({ ...anchor!, heads: [] })).toBe(false);
    const { envelope } = anchor!;
    const moved = { ...anchor!, envelope: { ...envelope, previousHash: Buffer.alloc(32, 1) } };
    expect(holds(moved)).toBe(false);
  });

  it('comes once an interval and only after something new, and names only what is new', async () => {
    const partition = new Partition();
    expect(partition.dueAt()).toBeNull();
    await partition.register(start, 'moka', 'llm');
    expect(await partition.decide(start)).toHaveLength(1);
    expect(partition.dueAt()).toBeNull();
    expect(await partition.decide(start + 10n * minute)).toEqual([]);
    const later = start + 10n * minute;
    await partition.decide(later, creating(20, 'llm/a', later));
    expect(unanchoredEvents(partition.state, PARTITION)).toBe(1);
    expect(await partition.decide(later)).toMatchObject([{ streams: 2n, events: 3n }]);
    await partition.decide(later, creating(21, 'moka/a', later));
    expect(partition.dueAt()).toBe(later + minute);
    expect(await partition.decide(later + minute - 1n)).toEqual([]);
    const [third] = await partition.decide(later + minute);
    expect(namedIn(third!)).toEqual(['application:moka']);
    expect(third?.envelope.previousHash).toEqual(
      hashOf(partition.events.filter(({ type }) => type === 'HeadsAnchored')[1]!),
    );
  });

  it.each(['log', 'snapshot'] as const)(
    'is the same after a takeover that restores from the %s, before it and after it',
    async (by) => {
      const partition = new Partition();
      await partition.register(start, 'moka', 'llm', 'tidb');
      await partition.decide(start);
      await partition.decide(start, creating(20, 'llm/a', start));
      const successor = await partition.restored(by);
      expect(successor.dueAt()).toBe(partition.dueAt());
      const [own] = await partition.decide(start + minute);
      const [taken] = await successor.decide(start + minute);
      expect(taken).toEqual(own);
      expect(namedIn(own!)).toEqual(['application:llm']);
      expect((await partition.restored(by)).dueAt()).toBeNull();
    },
  );

  it('of more streams than one names is followed by others until all are named, each once', async () => {
    const partition = new Partition();
    const names = Array.from({ length: ANCHORED_HEADS_MAX * 2 + 5 }, (_, index) => `a${index}`);
    const fill = names.map((name, index) => registering(index, name, start));
    for (let at = 0; at < fill.length; at += 500)
      await partition.decide(start, ...fill.slice(at, at + 500));
    const found = partition.events.flatMap((event) =>
      event.type === 'HeadsAnchored' ? [event.value] : [],
    );
    let at = start;
    for (let batch = 0; batch < 4; batch++) found.push(...(await partition.decide((at += minute))));
    expect(found.every(({ heads }) => heads.length <= ANCHORED_HEADS_MAX)).toBe(true);
    const named = found.flatMap(namedIn);
    expect(named.sort()).toEqual(names.map((name) => `application:${name}`).sort());
    expect(found.at(-1)).toMatchObject({ streams: BigInt(names.length) });
    expect(partition.dueAt()).toBeNull();
  });

  it('does not wait for its interval when much has happened', async () => {
    const partition = new Partition();
    await partition.register(start, 'moka');
    await partition.decide(start);
    await partition.decide(start, creating(20, 'moka/a', start));
    partition.state.toAnchor.events += UNANCHORED_EVENTS_MAX - 2;
    expect(partition.dueAt()).toBe(start + minute);
    partition.state.toAnchor.events += 1;
    expect(await partition.decide(start)).toHaveLength(1);
  });

  it('leaves a snapshot that is under way as it was', async () => {
    const partition = new Partition();
    await partition.register(start, 'moka');
    const frozen = partition.state.freeze();
    await partition.decide(start);
    expect([...frozen].map(([stream, { isAnchored }]) => [stream, isAnchored])).toEqual([
      ['application:moka', false],
    ]);
    partition.state.thaw();
    expect(partition.state.streams.get('application:moka')?.isAnchored).toBe(true);
  });
});
