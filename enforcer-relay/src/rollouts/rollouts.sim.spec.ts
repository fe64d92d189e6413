import { rolledBackAt, takesCandidate, selectorOfStage } from '@prorata/quota-model';
import type { ApplicationState, RolloutState } from '@prorata/quota-model';
import {
  TestStream,
  bounds,
  created,
  evidence,
  noChange,
  registered,
  registration,
  rightsizer,
  SECOND,
  START,
  tokens,
} from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { fromJson, fullNameOf } from '@prorata/schemas';
import type { HostReport } from '@prorata/schemas';
import { bucketOfLatency } from '@prorata/host-sdk';
import { describe, expect, it } from 'vitest';
import { HealthBook } from './healthBook.ts';
import { RolloutController } from './rolloutController.ts';
import type { RolloutCommand } from './rolloutController.ts';
import { watchAll } from './startRollouts.ts';

const BAKE = 300n * SECOND;
const HEARTBEAT_SECONDS = 15;
const HOSTS = 40;

interface Behaviour {
  /** Of a hundred requests under the candidate. */
  readonly errors: number;
  readonly refused: number;
  readonly latencyMicros: number;
}
const well: Behaviour = { errors: 0, refused: 1, latencyMicros: 4_000 };

/** One host: it reports what it has counted since its start, and takes candidates as its rules say. */
class SimulatedHost {
  readonly hostId: string;
  boot = 0;
  isSilent = false;
  #sequence = 0n;
  #counts = { decisions: 0n, refused: 0n, requests: 0n, errors: 0n };
  readonly #latencies = new Map<number, bigint>();

  constructor(hostId: string) {
    this.hostId = hostId;
  }

  restart(): void {
    this.boot += 1;
    this.#sequence = 0n;
    this.#counts = { decisions: 0n, refused: 0n, requests: 0n, errors: 0n };
    this.#latencies.clear();
  }

  takes(rollout: RolloutState): boolean {
    const selector = selectorOfStage(rollout.stages, rollout.stage);
    return takesCandidate(selector, rollout.rolloutId, { hostId: this.hostId, zone: null });
  }

  serve(hundreds: number, { errors, refused, latencyMicros }: Behaviour): void {
    const requests = BigInt(hundreds * 100);
    this.#counts.decisions += requests;
    this.#counts.requests += requests;
    this.#counts.errors += BigInt(hundreds * errors);
    this.#counts.refused += BigInt(hundreds * refused);
    const bucket = bucketOfLatency(latencyMicros);
    this.#latencies.set(bucket, (this.#latencies.get(bucket) ?? 0n) + requests);
  }

  report(rollouts: readonly RolloutState[], at: bigint): HostReport {
    this.#sequence += 1n;
    return {
      hostId: this.hostId,
      bootId: `${this.hostId}-${this.boot}`,
      application: 'moka',
      sdkVersion: 'test',
      source: 'kafka',
      rules: 1,
      appliedOffset: 1n,
      appliedAt: at,
      reportedAt: at,
      zone: null,
      sequence: this.#sequence,
      rejectedRules: 0,
      intervalMs: HEARTBEAT_SECONDS * 1_000,
      leaving: false,
      rollouts: rollouts.map((rollout) => ({
        rolloutId: rollout.rolloutId,
        stage: rollout.stage,
        isCandidate: this.takes(rollout),
      })),
      health: {
        ...this.#counts,
        latency: [...this.#latencies].map(([bucket, count]) => ({ bucket, count })),
      },
    };
  }
}

/** The writer, the gateway, 40 hosts and a relay, on one virtual clock. */
class World {
  readonly stream = new TestStream('application:moka');
  readonly hosts = Array.from({ length: HOSTS }, (_, index) => new SimulatedHost(`h${index}`));
  readonly log: { readonly report: HostReport; readonly at: bigint }[] = [];
  readonly told: string[] = [];
  /** What the candidate does to who takes it. */
  candidate: Behaviour = well;
  #relay = this.#newRelay();
  #seconds = 0;

  constructor() {
    this.stream.append([
      { ...registered, quotaId: null, quotaVersion: null },
      { ...created('moka/a', [tokens(100n)]), quotaId: 'moka/a', quotaVersion: 1n },
    ]);
  }

  get rollouts(): readonly RolloutState[] {
    const state = this.stream.state as ApplicationState;
    return [...state.rollouts.values()];
  }

  get events(): readonly string[] {
    return this.stream.events.slice(2).map(({ type }) => type);
  }

  send(body: CommandBody): void {
    const decision = this.stream.send(body);
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision.violations));
  }

  start(gate: Partial<Parameters<typeof gateOf>[0]> | null = {}): void {
    const change = { ...noChange, quotaId: 'moka/a', setLimits: [tokens(50n)] };
    const none = {
      create: null,
      move: null,
      delete: null,
      restore: null,
      resize: null,
      expectedVersion: null,
    };
    this.send({
      type: 'StartRollout',
      data: {
        steps: [{ ...none, change }],
        stages: [
          { selector: { percent: 0, zones: [], hosts: ['h1', 'h2'] }, bakeMicros: BAKE },
          { selector: { percent: 50, zones: [], hosts: [] }, bakeMicros: BAKE },
        ],
        gate: gate === null ? null : gateOf(gate),
      },
    });
  }

  /** A robot's resize, which the application rolls out in one stage. */
  stage(): void {
    this.send({ type: 'RegisterApplication', data: this.terms });
    this.resize();
  }

  get terms() {
    const stages = [{ selector: { percent: 50, zones: [], hosts: [] }, bakeMicros: BAKE }];
    return {
      ...registration,
      robotChanges: 'apply',
      rightsizing: [bounds('tokens', { min: 1n, max: 100n })],
      robotRollout: { stages, gate: gateOf({}) },
    } as const;
  }

  resize(): void {
    const data = { quotaId: 'moka/a', limit: tokens(50n), evidence };
    const sender = { actor: rightsizer, roles: ['robot'] };
    const decision = this.stream.send({ type: 'ResizeQuota', data }, sender);
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision.violations));
  }

  /** The former relay is gone with all it knew; the next reads the reports again, as its reader would. */
  takeOver(): void {
    this.#relay = this.#newRelay();
    const open = this.rollouts;
    watchAll(this.#relay.book, this.#owned());
    const from = open.reduce(
      (least, { bakesFrom }) => (bakesFrom < least ? bakesFrom : least),
      this.stream.now,
    );
    for (const { report, at } of this.log) if (at >= from) this.#relay.book.take(report, at);
  }

  async run(seconds: number): Promise<void> {
    for (const end = this.#seconds + seconds; this.#seconds < end;) {
      this.#seconds += 1;
      this.stream.advanceTo(START + BigInt(this.#seconds) * SECOND);
      for (const host of this.hosts) {
        const isUnder = this.rollouts.some((rollout) => host.takes(rollout));
        host.serve(1, isUnder ? this.candidate : well);
        if (this.#seconds % HEARTBEAT_SECONDS === 0 && !host.isSilent) this.#tell(host);
      }
      watchAll(this.#relay.book, this.#owned());
      await this.#relay.controller.look();
    }
  }

  #tell(host: SimulatedHost): void {
    const at = this.stream.now;
    const report = host.report(this.rollouts, at);
    this.log.push({ report, at });
    this.#relay.book.take(report, at);
  }

  #owned() {
    return this.rollouts.map((rollout) => ({ application: 'moka', rollout }));
  }

  #newRelay() {
    const book = new HealthBook();
    const controller = new RolloutController({
      rollouts: () => this.#owned(),
      book,
      post: (command) => Promise.resolve(this.#post(command)),
      now: () => this.stream.now,
      told: (_rolloutId, what) => this.told.push(what),
    });
    return { book, controller };
  }

  #post({ type, data }: RolloutCommand) {
    const parsed = fromJson(fullNameOf[type], {
      ...data,
      envelope: {
        commandId: '00000000-0000-4000-8000-000000000000',
        actor: rightsizer,
        roles: [],
        dryRun: false,
        submittedAt: '2026-01-01T00:00:00Z',
        stream: 'application:moka',
        reason: '',
      },
    });
    if ('violations' in parsed) throw new Error(JSON.stringify(parsed.violations));
    const body = { type, data: parsed.value } as CommandBody;
    const decision = this.stream.send(body, { actor: rightsizer, roles: ['robot'] });
    return decision.kind === 'accepted'
      ? ({ status: 'accepted', code: 'ACCEPTED', detail: null } as const)
      : ({
          status: 'refused',
          code: decision.violations[0].code,
          detail: decision.violations[0].message,
        } as const);
  }
}

function gateOf(more: {
  readonly errorBasisPointsMax?: number | null;
  readonly refusedBasisPointsMax?: number | null;
  readonly latencyP99MicrosMax?: bigint | null;
  readonly measure?: 'absolute' | 'above_others';
}) {
  return {
    measure: 'above_others' as const,
    errorBasisPointsMax: 100,
    refusedBasisPointsMax: 500,
    latencyP99MicrosMax: 2_000n,
    hostsMin: 2,
    decisionsMin: 1_000n,
    ...more,
  };
}

const MINUTE = 60;

describe('a rollout that the relay moves on', () => {
  it('is advanced after each bake time and promoted, where hosts fare well', async () => {
    const world = new World();
    world.start();
    await world.run(Number(BAKE / SECOND) - 1);
    expect(world.events).toEqual(['RolloutStarted']);
    await world.run(2);
    expect(world.events).toEqual(['RolloutStarted', 'RolloutAdvanced']);
    await world.run(Number(BAKE / SECOND) - 3);
    expect(world.events).toHaveLength(2);
    await world.run(MINUTE);
    expect(world.events.slice(2)).toEqual(['RolloutPromoted', 'QuotaChanged']);
    const [, , , advanced] = world.stream.events;
    expect(advanced?.value).toMatchObject({
      cause: 'gate',
      evidence: { stage: { hosts: 2 }, others: { hosts: HOSTS - 2 }, broken: [] },
    });
  });

  it('is rolled back, before the stage has baked, as soon as hosts enough fare badly', async () => {
    for (const candidate of [
      { ...well, errors: 3 },
      { ...well, refused: 8 },
      { ...well, latencyMicros: 9_000 },
    ]) {
      const world = new World();
      world.candidate = candidate;
      world.start();
      await world.run(MINUTE);
      expect(world.events).toEqual(['RolloutStarted', 'RolloutRolledBack']);
      expect(world.stream.events.at(-1)?.value).toMatchObject({
        cause: 'gate',
        evidence: { broken: [expect.any(String)] },
      });
    }
  });

  it("that a robot's resize began is promoted where hosts fare well, and otherwise leaves what was", async () => {
    const world = new World();
    world.stage();
    const quota = () => (world.stream.state as ApplicationState).quotas.get('moka/a');
    world.candidate = { ...well, refused: 8 };
    await world.run(MINUTE);
    expect(world.events.slice(1)).toEqual(['RolloutStarted', 'RolloutRolledBack']);
    expect(quota()?.rightsized.size).toBe(0);
    expect(rolledBackAt(quota()!, 'tokens')).toBe(
      world.stream.events.at(-1)?.value.envelope.decidedAt,
    );
    world.candidate = well;
    world.resize();
    world.send({
      type: 'RegisterApplication',
      data: { ...world.terms, rightsizing: [bounds('tokens', { pinned: true })] },
    });
    await world.run(Number(BAKE / SECOND) + MINUTE);
    expect(world.events.slice(5)).toEqual(['RolloutRolledBack']);
    expect(world.stream.events.at(-1)?.value).toMatchObject({ cause: 'gate' });
    world.send({ type: 'RegisterApplication', data: world.terms });
    world.resize();
    await world.run(Number(BAKE / SECOND) + MINUTE);
    expect(world.events.slice(7)).toEqual(['RolloutStarted', 'RolloutPromoted', 'QuotaResized']);
    expect(quota()?.rightsized.get('tokens')).toMatchObject({ limit: tokens(50n), evidence });
    expect(quota()?.rolledBack).toBeNull();
  });

  it('waits for as long as too few hosts report, and says so', async () => {
    const world = new World();
    world.start();
    for (const host of world.hosts) host.isSilent = host.hostId === 'h1';
    await world.run(60 * MINUTE);
    expect(world.events).toEqual(['RolloutStarted']);
    expect(world.told.at(-1)).toContain('1 hosts of the stage report, 2 must');
    for (const host of world.hosts) host.isSilent = false;
    await world.run(MINUTE);
    expect(world.events).toEqual(['RolloutStarted', 'RolloutAdvanced']);
  });

  it('comes to the same at the same times, whoever takes over, and whatever hosts restart', async () => {
    const stepsOf = async (disturb: (world: World, minute: number) => void) => {
      const world = new World();
      world.start();
      for (let minute = 0; minute < 15; minute++) {
        await world.run(MINUTE);
        disturb(world, minute);
      }
      return world.stream.events
        .slice(2)
        .map(({ type, value }) => ({ type, at: value.envelope.decidedAt }));
    };
    const undisturbed = await stepsOf(() => undefined);
    expect(undisturbed.map(({ type }) => type)).toContain('RolloutPromoted');
    expect(await stepsOf((world) => world.takeOver())).toEqual(undisturbed);
    const restarted = await stepsOf((world, minute) => world.hosts[minute]?.restart());
    expect(restarted).toEqual(undisturbed);
  });

  it('goes by the bake times alone where no gate was asked for, and not while it is paused', async () => {
    const world = new World();
    world.start(null);
    for (const host of world.hosts) host.isSilent = true;
    world.send({ type: 'PauseRollout', data: { rolloutId: 'moka-r3' } });
    await world.run(10 * MINUTE);
    expect(world.events).toEqual(['RolloutStarted', 'RolloutPaused']);
    world.send({ type: 'ResumeRollout', data: { rolloutId: 'moka-r3' } });
    await world.run(4 * MINUTE);
    expect(world.events).toHaveLength(3);
    await world.run(7 * MINUTE);
    expect(world.events.slice(3)).toEqual(['RolloutAdvanced', 'RolloutPromoted', 'QuotaChanged']);
  });

  it('is paused, with the reason, when the tree of then does not take the change any more', async () => {
    const world = new World();
    world.start(null);
    const below = { ...created('moka/a/b', [tokens(80n)]), quotaId: 'moka/a/b', quotaVersion: 1n };
    world.stream.append([below]);
    await world.run(11 * MINUTE);
    expect(world.events.at(-1)).toBe('RolloutPaused');
    expect(world.told.at(-2)).toContain('CHILDREN_NEED_MORE');
    expect(world.events.filter((type) => type === 'RolloutPaused')).toHaveLength(1);
  });
});
