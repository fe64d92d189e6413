/**
 * The part of `bench restore` that needs the writer's own code: a process with `--expose-gc`, the
 * writer's environment, and the number of quotas as its argument. Prints a line of JSON a figure.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { PartitionWriter } from '@prorata/kafka-port';
import { Codec, memoryIds, selfContained } from '@prorata/schemas';
import type { EventMessage } from '@prorata/schemas';
import { connectLog, createCodec, createLogger, readLogSettings } from '@prorata/service-runtime';
import avro from 'avsc';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { encoder } from '../writer/outRecords.ts';
import { PartitionState } from '../writer/partitionState.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';
import { BenchWriter } from './benchWriter.ts';
import { changeCommand, creation, registration } from './bigTree.ts';
import { wideCommands } from './wideCommands.ts';

/** Events whose folding is compared with decoding them. */
const FOLDED = 50_000;
const WIRE_HEADER_BYTES = 5;
/** Commands whose decision is timed in a tree of each size, after as many that warm up. */
const DECISIONS = 2_000;
const SIZES = [100, 10_000, 100_000, 1_000_000];
/** Commands between two slices of a snapshot. */
const COMMANDS_A_SLICE = 20;
const NO_HASH = Buffer.alloc(32);

interface Line {
  readonly figure: string;
  readonly unit: string;
  readonly ours: number;
  readonly floor?: number;
}

const say = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** What a figure costs in processor time: others may load the machine. */
async function processorSeconds(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('It needs --expose-gc.');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Events folded a second of processor time, beside bare avsc decoding of the same bytes. */
async function compareFold(): Promise<void> {
  const codec = new Codec(memoryIds());
  const events = [registration(), ...Array.from({ length: FOLDED }, (_, index) => creation(index))];
  const bytes: Buffer[] = [];
  for (const event of events) bytes.push(await codec.encode('quota.events', event));
  const types = new Map(
    ['ApplicationRegistered', 'QuotaCreated'].map((name) => [
      name,
      avro.Type.forSchema(selfContained(`io.prorata.event.${name}`) as avro.Schema),
    ]),
  );
  const decodeAll = (): void => {
    for (const [index, event] of events.entries()) {
      types.get(event.type)?.fromBuffer(bytes[index]?.subarray(WIRE_HEADER_BYTES) ?? NO_HASH);
    }
  };
  const foldAll = async (): Promise<void> => {
    const state = new PartitionState();
    for (const each of bytes) state.apply((await codec.decode(each)) as EventMessage, NO_HASH);
  };
  // Once unmeasured, so that both are compiled.
  decodeAll();
  await foldAll();
  const [ours, floor] = [await processorSeconds(foldAll), await processorSeconds(decodeAll)];
  say({
    figure: 'events folded a second of processor time, beside bare avsc decoding',
    unit: '1/s',
    ours: events.length / ours,
    floor: events.length / floor,
  });
}

/** Grows the tree, and times single decisions at each size on the way. */
async function grow(state: PartitionState, quotas: number, writer: BenchWriter): Promise<void> {
  state.apply(registration(), NO_HASH);
  // What decisions add to the stream's version lies between the creations.
  let size = 0;
  for (const target of [...SIZES.filter((each) => each < quotas), quotas]) {
    for (; size < target; size++) {
      const event = creation(size);
      const version = (state.streams.get(event.value.envelope.stream)?.version ?? 0n) + 1n;
      const envelope = { ...event.value.envelope, streamVersion: version };
      state.apply({ ...event, value: { ...event.value, envelope } } as EventMessage, NO_HASH);
    }
    await timeDecisions(size, writer);
  }
}

async function timeDecisions(size: number, writer: BenchWriter): Promise<void> {
  const leaves: number[] = [];
  // Numbers of the first nodes of each level are no leaves.
  for (let index = 2; leaves.length < DECISIONS; index = (index + 7) % size) {
    if (isLeaf(index)) leaves.push(index);
  }
  let turn = 1 + size;
  const round = async (): Promise<number> => {
    turn++;
    const commands = leaves.map((leaf, at) => changeCommand(leaf, turn * DECISIONS + at));
    return processorSeconds(async () => {
      for (const command of commands) await writer.decide([command]);
    });
  };
  await round();
  const seconds = Math.min(await round(), await round());
  say({
    figure: `one change decided in a tree of ${size.toLocaleString('en')} quotas`,
    unit: 'µs of processor time',
    ours: (seconds / DECISIONS) * 1e6,
  });
}

/** Each command by itself, with the events that it becomes; the best of three turns, so that it is compiled. */
async function timeWideCommands(quotas: number, writer: BenchWriter): Promise<void> {
  const best = new Map<string, number>();
  for (const turn of [1, 2, 3]) {
    for (const [what, command] of wideCommands(turn)) {
      const seconds = await processorSeconds(() => writer.decide([command]));
      best.set(what, Math.min(best.get(what) ?? Infinity, seconds));
    }
  }
  for (const [what, seconds] of best) {
    const figure = `${what}, decided in a tree of ${quotas.toLocaleString('en')} quotas`;
    say({ figure, unit: 'ms of processor time', ours: seconds * 1_000 });
  }
}

const isLeaf = (index: number): boolean => quotaDepth(index) === 3;

function quotaDepth(index: number): number {
  const event = creation(index);
  return (event.value.envelope.quotaId ?? '').split('/').length - 1;
}

/** Writes a snapshot while commands are decided and appended, as the runtime does between its batches. */
async function snapshotUnderLoad(
  state: PartitionState,
  decider: BenchWriter,
  snapshots: LogSnapshots,
  writer: PartitionWriter,
): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  let [slices, longestMs, longestSliceMs, index] = [0, 0, 0, 2];
  for (let isMore = true; isMore;) {
    const startedMs = performance.now();
    const now = BigInt(Date.now()) * 1_000n;
    const usage = process.threadCpuUsage();
    isMore = await snapshots.takeIfDue(decider.partition, state, writer, now);
    const { user, system } = process.threadCpuUsage(usage);
    longestSliceMs = Math.max(longestSliceMs, (user + system) / 1_000);
    const commands = Array.from({ length: COMMANDS_A_SLICE }, () => {
      do index += 3;
      while (!isLeaf(index));
      return changeCommand(index, slices + 1);
    });
    const batch = await decider.decide(commands);
    await writer.append(batch.records);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    slices++;
  }
  delay.disable();
  const seconds = (performance.now() - began) / 1_000;
  const pauses = { figure: 'longest pause of the process while a snapshot is taken', unit: 'ms' };
  // The monitor counts its own resolution in.
  say({ ...pauses, ours: delay.max / 1e6 - 1 });
  say({
    figure: 'processor time of the longest slice of a snapshot, its append included',
    unit: 'ms',
    ours: longestSliceMs,
  });
  say({
    figure: 'longest time from a batch to the next while a snapshot is taken, two appends included',
    unit: 'ms',
    ours: longestMs,
  });
  say({ figure: 'a snapshot written while commands go on', unit: 's', ours: seconds });
}

async function main(): Promise<void> {
  const quotas = Number(process.argv[2]);
  await compareFold();
  const settings = readLogSettings(process.env);
  const port = connectLog(settings, 'bench-restore');
  const codec = createCodec(settings);
  const topics = writerTopicsIn(settings.namespace);
  const admin = await port.admin();
  const [description] = await admin.describeTopics([topics.events]);
  await admin.close();
  const before = heapBytes();
  const state = new PartitionState();
  const decider = new BenchWriter(state, codec, topics, description?.partitions ?? 0);
  await grow(state, quotas, decider);
  await timeWideCommands(quotas, decider);
  state.recent.forget(BigInt(Date.now() + 48 * 3_600_000) * 1_000n);
  say({
    figure: `memory a quota of ${quotas.toLocaleString('en')}, folded from events`,
    unit: 'bytes',
    ours: (heapBytes() - before) / quotas,
  });
  const parts = { log: port.log, codec, encode: encoder(codec), topics };
  const logger = createLogger('bench-restore', 'warn');
  const snapshots = new LogSnapshots({ ...parts, logger, everyEvents: 1, taken: () => undefined });
  const { partition } = decider;
  const place = { group: 'command-service', topic: topics.commands, partition };
  const writer = await port.writers.fence(place);
  await snapshots.restorePoint(partition, 0n);
  await snapshotUnderLoad(state, decider, snapshots, writer);
  await writer.close();
  await port.close();
}

await main();
process.exit(0);
