import { partitionOf } from '@prorata/kafka-port';
import {
  commandOfStep,
  firstQuotas,
  historyActions,
  historyWeights,
} from '@prorata/quota-model/testing';
import type { CommandBody, Sender } from '@prorata/quota-model/testing';
import type { CommandMessage } from '@prorata/schemas';
import { restoreFaults, rememberMoment } from './restoreMoments.ts';
import type { Moment } from './restoreMoments.ts';
import {
  again,
  changing,
  command,
  creating,
  deleting,
  overriding,
  registering,
  restoring,
  VALIDATED,
} from './simulatedCommands.ts';
import { partitions, topics, WriterSimulation } from './writerSimulation.ts';
import type { Planting, SimulatedWriter } from './writerSimulation.ts';

const APPLICATIONS = ['moka', 'tidb', 'llm', VALIDATED];
/** The longest step of a call in a run: from a log next door to one that keeps its writers busy. */
const LATENCIES_MS = [10, 30, 100, 300];
/** The application to which everything else happens that the model knows: its histories are of this one. */
const OF_HISTORIES = 'moka';
/** Each action as often as it is to come. */
const ACTIONS = historyActions.flatMap((action) =>
  Array.from({ length: historyWeights[action] }, () => action),
);
/** Bursts of commands. */
const STEPS = 120;
/** Commands of a burst at most: takeovers must find their predecessors at work. */
const BURST_MAX = 4;
/** Between two bursts, virtual milliseconds: a third of them come close upon each other. */
const PAUSE_MS_MAX = 500;
const SHORT_PAUSE_MS_MAX = 40;
/** Timers of a batch, and those that commands wait for: so few that a run comes to both bounds. */
const TIMER_BOUNDS = { perBatchMax: 2, awaitedMax: 3 };
/** Between two anchors of a partition, microseconds: some tens in a run. */
const ANCHOR_MICROS = 2_000_000n;
/** Longer than every session and transaction timeout, virtual milliseconds. */
const QUIET_MS = 60_000;
/** Writers that share the partitions at most, stalled ones included. */
const WRITERS_MAX = 5;
/** Any two clocks differ by less than the five minutes that the writer's law allows, microseconds. */
const CLOCK_ERROR_MICROS_MAX = 140_000_000;
/** Moments of a run at which the log's prefix is kept and restored afterwards. */
const MOMENTS = 4;

export interface ChaosResult {
  readonly simulation: WriterSimulation;
  /** What is wrong; empty: nothing. */
  readonly faults: readonly string[];
}

/**
 * A run of some minutes of virtual time, everything in it from the seed: several writers share the
 * partitions while they crash between any two steps, stall, come back as zombies, join and leave,
 * have clocks that jump, lose the answers of commits and are handed records twice; the registry goes
 * away, snapshots are deleted; clients repeat commands, reuse ids and send garbage.
 */
export async function writerChaos(seed: number, plant?: Planting): Promise<ChaosResult> {
  const chaos = new Chaos(seed, plant);
  const faults = await chaos.run();
  return { simulation: chaos.simulation, faults };
}

class Chaos {
  readonly simulation: WriterSimulation;
  readonly #random: () => number;
  readonly #sent: CommandMessage[] = [];
  readonly #moments: Moment[] = [];
  #isCalm = false;

  constructor(seed: number, plant: Planting | undefined) {
    const chance = (share: number): boolean => !this.#isCalm && this.#random() < share;
    this.simulation = new WriterSimulation(seed, {
      snapshotEvents: 8 + (seed % 30),
      timerBounds: TIMER_BOUNDS,
      latencyMsMax: LATENCIES_MS[seed % LATENCIES_MS.length] ?? 0,
      // Anchors make a planted fault no likelier and its search longer.
      ...(plant === undefined ? { anchorMicros: ANCHOR_MICROS } : { plant }),
      faults: {
        unknownCommit: () => {
          if (!chance(0.06)) return undefined;
          return this.#random() < 0.5 ? 'committed' : 'aborted';
        },
        duplicateDelivery: () => chance(0.1),
        boundsUnavailable: () => chance(0.01),
      },
    });
    this.#random = this.simulation.random;
  }

  async run(): Promise<readonly string[]> {
    const { simulation } = this;
    const { clock } = simulation.log;
    for (let count = 0; count < 3; count++) this.#startWriter();
    await clock.advance(2_000);
    for (const application of APPLICATIONS)
      await this.#send(registering(this.#sent.length + 1, application, simulation.now));
    for (const data of firstQuotas())
      await this.#sendTo(OF_HISTORIES, { type: 'CreateQuota', data });
    for (let step = 0; step < STEPS; step++) {
      const burst = 1 + this.#upTo(BURST_MAX);
      for (let count = 0; count < burst; count++) await this.#sendSomething();
      const pauseMax = this.#random() < 0.33 ? SHORT_PAUSE_MS_MAX : PAUSE_MS_MAX;
      await clock.advance(this.#random() * pauseMax);
      this.#disturb();
      await simulation.witness.settled;
      if (simulation.witness.faults.length > 0) return simulation.witness.faults;
      if (this.#random() < MOMENTS / STEPS) this.#remember();
    }
    await this.#comeToRest();
    const faults = [...(await simulation.faults()), ...this.#faultsOfWriters()];
    if (faults.length > 0) return faults;
    for (let partition = 0; partition < partitions; partition++)
      this.#moments.push(rememberMoment(simulation, partition));
    return this.#faultsOfRestores();
  }

  /**
   * New quotas on two levels, changes, restorations, overrides, histories, repetitions, reuses of an id,
   * refusals, garbage.
   */
  async #sendSomething(): Promise<void> {
    const { now } = this.simulation;
    const number = this.#sent.length + 1;
    const application = this.#pick(APPLICATIONS);
    const share = BigInt(1 + this.#upTo(400));
    const dice = this.#random();
    if (dice < 0.15) await this.#send(creating(number, this.#quotaIn(application), now, share));
    else if (dice < 0.23)
      await this.#send(changing(number, this.#quotaIn(application), now, share));
    else if (dice < 0.25) await this.#restoreSomething(number);
    else if (dice < 0.27) await this.#send(deleting(number, this.#quotaIn(application), now));
    else if (dice < 0.52) await this.#sendOfHistory();
    else if (dice < 0.62) {
      const until = now + BigInt(1 + this.#upTo(20_000_000));
      await this.#send(overriding(number, this.#quotaIn(application), until, now));
    } else if (dice < 0.8) await this.#send(again(this.#pick(this.#sent), now));
    else if (dice < 0.85) await this.#reuseAnId(share);
    else if (dice < 0.92) await this.#send(creating(number, 'unknown/q', now));
    else if (dice < 0.96) await this.#sendGarbage();
    else await this.#sendForged(creating(number, `${application}/forged`, now));
  }

  /** Requests and their answers, transfers, moves, suspensions, cuts, whole trees: as the log stands now. */
  async #sendOfHistory(): Promise<void> {
    const { simulation } = this;
    const step = {
      action: this.#pick(ACTIONS),
      quota: this.#upTo(5),
      resource: this.#upTo(4),
      amount: 1 + this.#upTo(60),
      other: this.#upTo(41),
    };
    await simulation.witness.settled;
    const { now } = simulation;
    const found = simulation.witness.streamOf(`application:${OF_HISTORIES}`);
    const drawn = commandOfStep({ ...found, now }, step);
    if (drawn !== null) await this.#sendTo(OF_HISTORIES, drawn.body, drawn.sender);
  }

  async #sendTo(application: string, body: CommandBody, sender?: Sender): Promise<void> {
    const number = this.#sent.length + 1;
    await this.#send(command(number, application, this.simulation.now, body, sender));
  }

  async #send(sent: CommandMessage): Promise<void> {
    this.#sent.push(sent);
    await this.simulation.send(sent);
  }

  /** What some creation said, which may be another life's of the quota or have been refused. */
  async #restoreSomething(number: number): Promise<void> {
    const creations = this.#sent.filter((sent) => sent.type === 'CreateQuota');
    if (creations.length === 0) return;
    const { quotaId, content } = this.#pick(creations).value;
    await this.#send(restoring(number, quotaId, this.simulation.now, content));
  }

  async #reuseAnId(share: bigint): Promise<void> {
    const { commandId, stream } = this.#pick(this.#sent).value.envelope;
    const application = stream.slice('application:'.length);
    const other = creating(0, `${application}/other`, this.simulation.now, share);
    const envelope = { ...other.value.envelope, commandId };
    const value = { ...other.value, envelope };
    await this.simulation.send({ ...other, value } as CommandMessage);
  }

  async #sendGarbage(): Promise<void> {
    const value = Buffer.from('garbage');
    await this.simulation.sendRaw(this.#upTo(partitions), Buffer.from('x'), value);
  }

  async #sendForged(forged: CommandMessage): Promise<void> {
    const { stream } = forged.value.envelope;
    const value = await this.simulation.codec.encode(topics.commands, forged);
    await this.simulation.sendRaw(partitionOf(stream, partitions), Buffer.from(stream), value);
  }

  /** One blow at most between two commands. */
  #disturb(): void {
    const here = this.simulation.writers.filter(({ isGone }) => !isGone);
    const writer = this.#pick(here);
    const { process } = writer;
    const dice = this.#random();
    const soon = process.steps() + 1 + this.#upTo(30);
    if (dice < 0.08) this.#stall(writer);
    else if (dice < 0.28) process.resume();
    else if (dice < 0.31) this.#crash(writer);
    else if (dice < 0.36) process.atStep(soon, () => this.#crash(writer));
    else if (dice < 0.4) process.atStep(soon, () => this.#stall(writer));
    else if (dice < 0.43) this.#stop(writer);
    else if (dice < 0.46 && here.length < WRITERS_MAX) this.#startWriter();
    else if (dice < 0.5) writer.aheadMicros = this.#clockError();
    else if (dice < 0.52) this.#takeRegistryAway();
    else if (dice < 0.54) this.#deleteSnapshots();
  }

  #startWriter(): void {
    this.simulation.startWriter(this.#clockError());
  }

  #stall({ process }: SimulatedWriter): void {
    if (!this.#isCalm) process.stall();
  }

  #crash(writer: SimulatedWriter): void {
    if (writer.isGone || this.#isCalm) return;
    this.simulation.crash(writer);
    this.#startWriter();
  }

  /** Politely: it leaves the group, and another comes. */
  #stop(writer: SimulatedWriter): void {
    if (writer.running === null) return;
    writer.isGone = true;
    writer.process.resume();
    void writer.running.stop();
    this.#startWriter();
  }

  #takeRegistryAway(): void {
    const { simulation } = this;
    simulation.isRegistryDown = true;
    simulation.log.clock.after(this.#upTo(5_000), () => (simulation.isRegistryDown = false));
  }

  #deleteSnapshots(): void {
    const place = { topic: topics.snapshots, partition: this.#upTo(partitions) };
    const { log } = this.simulation;
    // What is being written at this moment has no end yet; then nothing is deleted.
    try {
      log.deleteBefore(place, log.logEnd(place));
    } catch {
      return;
    }
  }

  #clockError(): bigint {
    return BigInt(Math.round((this.#random() * 2 - 1) * CLOCK_ERROR_MICROS_MAX));
  }

  #remember(): void {
    this.#moments.push(rememberMoment(this.simulation, this.#upTo(partitions)));
  }

  async #comeToRest(): Promise<void> {
    this.#isCalm = true;
    for (const writer of this.simulation.writers) {
      writer.process.resume();
      writer.aheadMicros = 0n;
    }
    await this.simulation.log.clock.advance(QUIET_MS);
  }

  /** Every partition has an owner that serves, and nobody has stopped. */
  #faultsOfWriters(): string[] {
    const here = this.simulation.writers.filter(({ isGone }) => !isGone);
    const statuses = here.flatMap(({ running }) => running?.status() ?? []);
    const faults = statuses
      .filter(({ phase }) => phase !== 'serving')
      .map(({ partition, phase, detail }) => `partition ${partition} is ${phase}: ${detail}`);
    const served = new Set(statuses.map(({ partition }) => partition));
    if (served.size < partitions) faults.push('a partition has no owner');
    return faults;
  }

  async #faultsOfRestores(): Promise<string[]> {
    const faults: string[] = [];
    for (const moment of this.#moments) {
      // Once with the log alone, then with whatever of the snapshots chance has left.
      for (const kept of [0, 0.5, 0.9, 1])
        faults.push(...(await restoreFaults(this.simulation, moment, kept)));
    }
    return faults;
  }

  #quotaIn(application: string): string {
    const top = `${application}/q${this.#upTo(5)}`;
    return this.#random() < 0.5 ? top : `${top}/t${this.#upTo(3)}`;
  }

  #pick<T>(from: readonly T[]): T {
    const picked = from[this.#upTo(from.length)];
    if (picked === undefined) throw new RangeError('There is nothing to pick from.');
    return picked;
  }

  #upTo(end: number): number {
    return Math.floor(this.#random() * end);
  }
}
