import { partitionOf } from '@prorata/kafka-port';
import type { MemoryFaults } from '@prorata/kafka-port';
import { stateToText } from '@prorata/quota-model';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { noSnapshots } from '../snapshot/snapshots.ts';
import type { Snapshots } from '../snapshot/snapshots.ts';
import { faultsOfLog, foldedStates } from '../testing/checkLog.ts';
import { creating, overriding, registering } from '../testing/simulatedCommands.ts';
import { partitions, WriterSimulation } from '../testing/writerSimulation.ts';
import { encoder } from './outRecords.ts';
import { PartitionState } from './partitionState.ts';
import { restorePartition } from './restorePartition.ts';
import { writerTopicsIn } from './writerTopics.ts';

const seeds = Array.from({ length: 30 }, (_, index) => index + 1);
const applications = ['moka', 'tidb', 'llm', 'kube'];
/** Longer than every session and transaction timeout, virtual milliseconds. */
const quietMs = 60_000;

async function started(simulation: WriterSimulation, count: number): Promise<void> {
  for (let index = 0; index < count; index++) simulation.startWriter();
  await simulation.log.clock.advance(2_000);
}

function pick<T>(simulation: WriterSimulation, from: readonly T[]): T {
  return from[Math.floor(simulation.random() * from.length)]!;
}

/** One client's traffic: new commands, repetitions, reuses of an id, refusals, garbage, forgeries. */
async function sendSomething(simulation: WriterSimulation, number: number): Promise<void> {
  const dice = simulation.random();
  const application = pick(simulation, applications);
  const { now } = simulation;
  if (dice < 0.4) await simulation.send(creating(number, `${application}/q${number}`, now));
  else if (dice < 0.6) {
    const earlier = Math.floor(simulation.random() * number);
    await simulation.send(creating(earlier, `${application}/q${earlier}`, now));
  } else if (dice < 0.7) await simulation.send(creating(number, 'unknown/q', now));
  else if (dice < 0.85) {
    const until = now + BigInt(Math.ceil(simulation.random() * 20_000_000));
    await simulation.send(overriding(number, `${application}/q${number - 1}`, until, now));
  } else if (dice < 0.93) {
    await simulation.sendRaw(number % partitions, Buffer.from('x'), Buffer.from('garbage'));
  } else {
    const command = creating(number, `${application}/forged${number}`, now);
    const value = await simulation.codec.encode('quota.commands', command);
    const stream = `application:${application}`;
    await simulation.sendRaw(partitionOf(stream, partitions), Buffer.from(stream), value);
  }
}

function disturb(simulation: WriterSimulation): void {
  const writer = pick(simulation, simulation.writers);
  if (writer.crashed) return;
  const dice = simulation.random();
  if (dice < 0.1) writer.process.stall();
  else if (dice < 0.3) writer.process.resume();
  else if (dice < 0.34) {
    writer.process.crash();
    writer.crashed = true;
    simulation.startWriter();
  }
}

async function chaos(seed: number): Promise<WriterSimulation> {
  const faults: MemoryFaults = {
    unknownCommit: (): 'committed' | 'aborted' | undefined => {
      if (simulation.random() >= 0.08) return undefined;
      return simulation.random() < 0.5 ? 'committed' : 'aborted';
    },
    duplicateDelivery: () => simulation.random() < 0.1,
  };
  // Snapshots so often that each run has whole ones beside those that a fault tears.
  const simulation: WriterSimulation = new WriterSimulation(seed, faults, 15);
  await started(simulation, 3);
  let number = 1;
  for (const application of applications) {
    await simulation.send(registering(number++, application, simulation.now));
  }
  while (number < 140) {
    await sendSomething(simulation, number++);
    await simulation.log.clock.advance(simulation.random() * 600);
    disturb(simulation);
  }
  for (const { process } of simulation.writers) process.resume();
  await simulation.log.clock.advance(quietMs);
  return simulation;
}

async function restoredStates(simulation: WriterSimulation, with_: 'log' | 'snapshots') {
  const process = simulation.log.connect();
  const topics = writerTopicsIn('');
  const logger = createLogger('test', 'silent');
  const parts = { log: process.log, codec: simulation.codec, topics, logger };
  const snapshots: Snapshots =
    with_ === 'log'
      ? noSnapshots
      : new LogSnapshots({
          ...parts,
          encode: encoder(simulation.codec),
          everyEvents: 40,
          taken: () => undefined,
        });
  const states = new Map<string, string>();
  let nextCommands = '';
  let snapshotted = 0n;
  for (let partition = 0; partition < partitions; partition++) {
    const point = await simulation.within(snapshots.restorePoint(partition, simulation.now));
    snapshotted += point.eventsFrom ?? 0n;
    const state = await simulation.within(
      restorePartition(parts, partition, point, simulation.now),
    );
    for (const [stream, head] of state.streams) {
      states.set(stream, `${head.version} ${head.hash.toString('hex')} ${stateToText(head.state)}`);
    }
    nextCommands += ` ${state.nextCommand} ${state.recent.size}`;
  }
  return { states: [...states].sort(), nextCommands, snapshotted };
}

describe('writers that stall, die, lose answers and are handed records twice', () => {
  it.each(seeds)('decide each command once (seed %i)', async (seed) => {
    const simulation = await chaos(seed);
    expect(await faultsOfLog(simulation)).toEqual([]);
    const dead = await simulation.read('deadLetters');
    const outcomes = await simulation.outcomes();
    const untrusted = outcomes.filter(({ actor }) => actor === null);
    expect(dead.length).toBe(untrusted.length);
    expect(new Set(untrusted.map(({ code }) => code))).toEqual(
      new Set(['COMMAND_UNREADABLE', 'COMMAND_UNSIGNED']),
    );
    const events = await simulation.events();
    expect(
      JSON.stringify(events.map(({ message }) => message.value.envelope.quotaId)),
    ).not.toContain('forged');
  });

  it.each(seeds.slice(0, 6))(
    'leave snapshots that restore what the log says (seed %i)',
    async (seed) => {
      const simulation = await chaos(seed);
      const fromLog = await restoredStates(simulation, 'log');
      const fromSnapshots = await restoredStates(simulation, 'snapshots');
      expect(fromSnapshots.snapshotted).toBeGreaterThan(0n);
      expect(fromSnapshots.states).toEqual(fromLog.states);
      expect(fromSnapshots.nextCommands).toBe(fromLog.nextCommands);
      expect(fromLog.states.length).toBe((await foldedStates(simulation)).size);
    },
  );
});

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
    expect(await faultsOfLog(simulation)).toEqual([]);
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

describe('a log that is away for a moment', () => {
  it('after a restore leaves one runtime, which nobody fences again', async () => {
    let outages = 3;
    const simulation: WriterSimulation = new WriterSimulation(5, {
      // The source asks for a partition's bounds once more when its owner serves already.
      boundsUnavailable({ topic, partition }) {
        const status = simulation.writers[0]?.running?.status() ?? [];
        const isServing = status.some(
          (each) => each.partition === partition && each.phase === 'serving',
        );
        return topic === 'quota.commands' && isServing && outages-- > 0;
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
    const simulation = new WriterSimulation(11, {}, 1);
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
    const { snapshotted } = await restoredStates(simulation, 'snapshots');
    expect(snapshotted).toBeGreaterThan(0n);
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
