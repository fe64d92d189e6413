import { partitionOf } from '@prorata/kafka-port';
import type { CommandMessage } from '@prorata/schemas';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { creating, overriding, registering } from '../testing/simulatedCommands.ts';
import { partitions, WriterSimulation } from '../testing/writerSimulation.ts';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { encoder } from './outRecords.ts';
import { PartitionState } from './partitionState.ts';
import { restorePartition } from './restorePartition.ts';
import { writerTopicsIn } from './writerTopics.ts';

/** Longer than every session and transaction timeout, virtual milliseconds. */
const quietMs = 60_000;

async function started(simulation: WriterSimulation, count: number): Promise<void> {
  for (let index = 0; index < count; index++) simulation.startWriter();
  await simulation.log.clock.advance(2_000);
}

describe('one takeover', () => {
  async function withOneQuota(): Promise<WriterSimulation> {
    const simulation = new WriterSimulation(7);
    await started(simulation, 1);
    await simulation.send(registering(1, 'moka', simulation.now));
    await simulation.send(creating(2, 'moka/a', simulation.now));
    await simulation.send(creating(3, 'unknown/a', simulation.now));
    await simulation.log.clock.advance(3_000);
    return simulation;
  }

  it('answers an accepted and a refused command again as they were answered first', async () => {
    const simulation = await withOneQuota();
    simulation.writers[0]!.process.crash();
    simulation.startWriter();
    await simulation.send(creating(2, 'moka/a', simulation.now));
    await simulation.send(creating(3, 'unknown/a', simulation.now));
    await simulation.log.clock.advance(quietMs);
    const outcomes = await simulation.outcomes();
    const of = (number: number) =>
      outcomes.filter(({ commandId }) => commandId.endsWith(`00${number}`));
    for (const number of [2, 3]) {
      const [first, again] = of(number);
      expect(again?.firstOffset).toBe(first?.commandOffset);
      expect([again?.code, again?.eventIds]).toEqual([first?.code, first?.eventIds]);
    }
    expect(of(2)[0]?.status).toBe('accepted');
    expect(of(3)[0]?.status).toBe('refused');
    expect((await simulation.events()).length).toBe(2);
  });

  it('ends an override that ran out while nobody wrote', async () => {
    const simulation = await withOneQuota();
    const until = simulation.now + 5_000_000n;
    await simulation.send(overriding(4, 'moka/a', until, simulation.now));
    await simulation.log.clock.advance(1_000);
    simulation.writers[0]!.process.crash();
    await simulation.log.clock.advance(20_000);
    simulation.startWriter();
    await simulation.log.clock.advance(quietMs);
    const last = (await simulation.events()).at(-1)?.message;
    expect(last?.type).toBe('QuotaOverrideEnded');
    expect(last?.value.envelope).toMatchObject({ cause: 'timer', timer: 'override:moka/a' });
    expect(last!.value.envelope.decidedAt).toBeGreaterThanOrEqual(until);
  });

  it('is not undone by the zombie that wakes up', async () => {
    const simulation = await withOneQuota();
    const zombie = simulation.writers[0]!;
    await simulation.send(creating(5, 'moka/b', simulation.now));
    await simulation.log.clock.advance(15);
    zombie.process.stall();
    simulation.startWriter();
    await simulation.log.clock.advance(20_000);
    await simulation.send(creating(6, 'moka/c', simulation.now));
    zombie.process.resume();
    await simulation.log.clock.advance(quietMs);
    expect(await simulation.faults()).toEqual([]);
    expect((await simulation.events()).length).toBe(4);
  });
});

describe('time', () => {
  it('does not go back in a stream when a successor has a slower clock', async () => {
    const simulation = new WriterSimulation(3);
    const ahead = simulation.startWriter(60_000_000n);
    await simulation.log.clock.advance(2_000);
    await simulation.send(registering(1, 'moka', simulation.now));
    await simulation.log.clock.advance(1_000);
    ahead.process.crash();
    simulation.startWriter(-60_000_000n);
    await simulation.log.clock.advance(20_000);
    await simulation.send(creating(2, 'moka/a', simulation.now));
    await simulation.log.clock.advance(20_000);
    const times = (await simulation.events()).map(
      ({ message }) => message.value.envelope.decidedAt,
    );
    expect(times).toHaveLength(2);
    expect(times[1]).toBe(times[0]);
  });
});

describe('a writer whose clock is hours ahead', () => {
  const hour = 3_600_000_000n;

  it('knows a command of less than a day ago, restored and live, and when its clock is put right', async () => {
    const simulation = new WriterSimulation(7);
    const former = simulation.startWriter(-15n * hour);
    await simulation.log.clock.advance(2_000);
    const create = creating(2, 'moka/a', simulation.now);
    const thenMicros = simulation.now - 15n * hour;
    await simulation.send(registering(1, 'moka', simulation.now), thenMicros);
    await simulation.send(create, thenMicros);
    await simulation.log.clock.advance(quietMs);
    former.process.crash();
    const ahead = simulation.startWriter(10n * hour);
    for (const aheadMicros of [10n * hour, 10n * hour, 0n]) {
      ahead.aheadMicros = aheadMicros;
      await simulation.send(create);
      await simulation.log.clock.advance(quietMs);
    }
    const outcomes = (await simulation.outcomes()).filter(({ commandId }) =>
      commandId.endsWith('002'),
    );
    const [first, ...again] = outcomes.map(({ commandOffset, firstOffset, code }) => [
      code,
      firstOffset ?? commandOffset,
    ]);
    expect(again).toEqual([first, first, first]);
    expect(await simulation.events()).toHaveLength(2);
  });
});

describe('while many overrides of an application end at one moment', () => {
  const partitionOfApplication = (name: string): number =>
    partitionOf(`application:${name}`, partitions);
  const beside = ['latte', 'tidb', 'llm', 'espresso'].find(
    (name) => partitionOfApplication(name) === partitionOfApplication('moka'),
  )!;
  const overrides = 40;

  interface Ending {
    readonly simulation: WriterSimulation;
    /** Numbers of commands, each once. */
    readonly next: () => number;
    readonly send: (sent: CommandMessage) => Promise<string>;
  }

  /** All overrides end in a few milliseconds, and each batch makes one of the ends. */
  async function ending(): Promise<Ending> {
    const timerBounds = { perBatchMax: 1, awaitedMax: 3 };
    const simulation = new WriterSimulation(11, { timerBounds, latencyMsMax: 10 });
    await started(simulation, 1);
    let number = 1;
    const next = (): number => number++;
    const send = async (sent: CommandMessage): Promise<string> => {
      await simulation.send(sent);
      return sent.value.envelope.commandId;
    };
    await send(registering(next(), 'moka', simulation.now));
    await send(registering(next(), beside, simulation.now));
    await simulation.log.clock.advance(1_000);
    const until = simulation.now + 20_000_000n;
    for (let quota = 0; quota < overrides; quota++) {
      await send(creating(next(), `moka/q${quota}`, simulation.now, 2n));
      await send(overriding(next(), `moka/q${quota}`, until, simulation.now));
    }
    await simulation.log.clock.advance(Number(until - simulation.now) / 1_000 - 10);
    return { simulation, next, send };
  }

  it('another’s command is decided at once, and its own are refused until a few are left', async () => {
    const { simulation, next, send } = await ending();
    const ids: Record<string, string> = {};
    for (let each = 0; each < 20; each++) {
      await simulation.log.clock.advance(150);
      ids[await send(creating(next(), `moka/late${each}`, simulation.now, 1n))] = 'own';
      ids[await send(creating(next(), `${beside}/late${each}`, simulation.now, 1n))] = 'beside';
    }
    await simulation.log.clock.advance(quietMs);
    expect(await simulation.faults()).toEqual([]);
    const found = (await simulation.outcomes()).map(({ commandId, code }) => [
      ids[commandId] ?? 'before',
      code,
    ]);
    const codesOf = (whose: string) =>
      new Set(found.filter(([by]) => by === whose).map(([, code]) => code));
    expect(codesOf('before')).toEqual(new Set(['ACCEPTED']));
    expect(codesOf('beside')).toEqual(new Set(['ACCEPTED']));
    expect(codesOf('own')).toEqual(new Set(['ACCEPTED', 'TIMERS_PENDING']));
  });

  it('a refusal for them is neither taken back nor remembered by a successor', async () => {
    const { simulation, next, send } = await ending();
    const late = creating(next(), 'moka/late', simulation.now, 1n);
    const again = async (): Promise<void> => {
      await simulation.log.clock.advance(150);
      await send(late);
    };
    await again();
    await simulation.log.clock.advance(100);
    simulation.writers[0]!.process.crash();
    simulation.startWriter();
    await simulation.log.clock.advance(quietMs);
    await again();
    await again();
    await simulation.log.clock.advance(quietMs);
    expect(await simulation.faults()).toEqual([]);
    const { commandId } = late.value.envelope;
    const outcomes = (await simulation.outcomes()).filter((each) => each.commandId === commandId);
    const [refused, first, repeated] = outcomes;
    expect(outcomes.map(({ code }) => code)).toEqual(['TIMERS_PENDING', 'ACCEPTED', 'ACCEPTED']);
    expect([refused?.firstOffset, first?.firstOffset]).toEqual([null, null]);
    expect(repeated?.firstOffset).toBe(first?.commandOffset);
  });
});

describe('a log that is away for a moment', () => {
  it('after a restore leaves one runtime, which nobody fences again', async () => {
    let outages = 3;
    const simulation: WriterSimulation = new WriterSimulation(5, {
      faults: {
        // The source asks for a partition's bounds once more when its owner serves already.
        boundsUnavailable({ topic, partition }) {
          const status = simulation.writers[0]?.running?.status() ?? [];
          const isServing = status.some(
            (each) => each.partition === partition && each.phase === 'serving',
          );
          return topic === 'quota.commands' && isServing && outages-- > 0;
        },
      },
    });
    await started(simulation, 1);
    await simulation.send(registering(1, 'moka', simulation.now));
    await simulation.log.clock.advance(quietMs);
    expect(outages).toBeLessThanOrEqual(0);
    expect((await simulation.events()).length).toBe(1);
    const [writer] = simulation.writers;
    expect(writer!.running!.status().map(({ phase }) => phase)).toEqual(['serving', 'serving']);
    const restores = await writer!.metrics.getSingleMetricAsString(
      'prorata_writer_restore_seconds',
    );
    expect(restores).toContain('prorata_writer_restore_seconds_count 2');
  });
});

describe('a partition that was quiet for longer than outcomes are kept', () => {
  const dayMs = 24 * 3_600_000;

  it('is restored from its snapshot and from what outcomes are left', async () => {
    const simulation = new WriterSimulation(11, { snapshotEvents: 1 });
    await started(simulation, 1);
    await simulation.send(registering(1, 'moka', simulation.now));
    await simulation.log.clock.advance(5_000);
    // Its refusal stands behind the snapshot's mark, and is what retention takes beside the mark.
    await simulation.send(registering(2, 'moka', simulation.now));
    await simulation.log.clock.advance(5_000);
    simulation.writers[0]!.process.crash();
    await simulation.log.clock.advance(2 * dayMs);
    for (let partition = 0; partition < partitions; partition++) {
      const place = { topic: 'quota.outcomes', partition };
      const reader = simulation.log.connect();
      simulation.log.deleteBefore(place, await simulation.within(reader.log.endOffset(place)));
    }
    simulation.startWriter();
    await simulation.log.clock.advance(quietMs);
    await simulation.send(creating(3, 'moka/a', simulation.now));
    await simulation.log.clock.advance(quietMs);
    expect(simulation.writers[1]!.running!.status().map(({ phase }) => phase)).toEqual([
      'serving',
      'serving',
    ]);
    const partition = partitionOf('application:moka', partitions);
    const { log } = simulation.log.connect();
    const { codec, now } = simulation;
    const logger = createLogger('test', 'silent');
    const parts = { log, codec, topics: writerTopicsIn(''), logger, encode: encoder(codec) };
    const snapshots = new LogSnapshots({ ...parts, everyEvents: 1, taken: () => undefined });
    const point = await simulation.within(snapshots.restorePoint(partition, now));
    expect(point.eventsFrom).toBeGreaterThan(0n);
    expect((await simulation.events()).length).toBe(2);
  });

  it('whose snapshot names events that are not there is folded from the log', async () => {
    const simulation = new WriterSimulation(13);
    await started(simulation, 1);
    await simulation.send(registering(1, 'moka', simulation.now));
    await simulation.log.clock.advance(5_000);
    const partition = partitionOf('application:moka', partitions);
    const process = simulation.log.connect();
    const { codec, now } = simulation;
    const logger = createLogger('test', 'silent');
    const parts = { log: process.log, codec, topics: writerTopicsIn(''), logger };
    const snapshot = { state: new PartitionState(), eventsFrom: 99n, outcomesFrom: null };
    const state = await simulation.within(restorePartition(parts, partition, snapshot, now));
    expect([...state.streams.keys()]).toEqual(['application:moka']);
  });
});

describe('a stream whose time lies more than a day ahead', () => {
  it('takes nothing from what its partition remembers, live or restored', async () => {
    const simulation = new WriterSimulation(17);
    const [one, other] = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].filter(
      (name) => partitionOf(`application:${name}`, partitions) === 0,
    );
    const ahead = simulation.startWriter(30n * 3_600_000_000n);
    await simulation.log.clock.advance(2_000);
    const hasty = registering(1, one!, simulation.now + 30n * 3_600_000_000n);
    await simulation.send(hasty, simulation.now + 30n * 3_600_000_000n);
    await simulation.log.clock.advance(2_000);
    ahead.process.crash();
    simulation.startWriter();
    await simulation.log.clock.advance(20_000);
    const command = registering(2, other!, simulation.now);
    await simulation.send(command);
    await simulation.send(creating(3, `${one!}/q`, simulation.now));
    await simulation.log.clock.advance(2_000);
    await simulation.send(command);
    await simulation.log.clock.advance(2_000);
    simulation.writers[1]!.process.crash();
    simulation.startWriter();
    await simulation.send(command);
    await simulation.log.clock.advance(quietMs);
    const answers = (await simulation.outcomes()).filter(({ commandId }) =>
      commandId.endsWith('02'),
    );
    const [first] = answers;
    expect(answers.map(({ firstOffset }) => firstOffset)).toEqual([
      null,
      first!.commandOffset,
      first!.commandOffset,
    ]);
    expect((await simulation.events()).length).toBe(3);
  });
});
