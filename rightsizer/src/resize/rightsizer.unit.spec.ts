import { START } from '@prorata/quota-model/testing';
import type { ApplicationState } from '@prorata/quota-model';
import type { CommandAnswer } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { CommandDesk } from '../commandDesk.ts';
import type { LoopCommand } from '../commandDesk.ts';
import type { Policy } from '../policy.ts';
import { SimulatedLog, unanswered } from '../simulation/simulatedLog.ts';
import { SimulatedView } from '../simulation/simulatedView.ts';
import { Rightsizer } from './rightsizer.ts';
import { calm, HOUR, pressed, resultsOf, testPolicy, usageOf } from './testing/resizeGround.ts';
import type { Wanted } from './testing/resizeGround.ts';

const application = 'application:llm';
const quotaIds = ['llm/a', 'llm/b', 'llm/c'];
const bounds = { resource: 'tokens', min: 100, max: 5_000, workload: 'serving', pinned: false };

const content = (more: object = {}): object => ({
  ...{ owner: 'team', project: 'acme/search', tier: 3, cutPriority: 0, labels: {}, attributes: {} },
  limits: [{ resource: 'tokens', rate: { amount: 1_000, per: '1s' } }],
  ...{ match: [], action: 'refuse', degradeTag: null, mode: null, onStale: null, requests: null },
  rightsizing: [bounds],
  ...more,
});

const register = (log: SimulatedLog, robotChanges = 'apply'): void =>
  log.must('RegisterApplication', application, {
    displayName: 'LLM',
    levels: ['service'],
    resources: [{ name: 'tokens', kind: 'rate', unit: 'token', total: null }],
    defaultMode: 'enforce',
    defaultOnStale: 'hold',
    robotChanges,
    proposalLifetimeMicros: 3_600_000_000,
  });

/** Three quotas of 1,000 tokens a second: one is refused, one has room, one is right. */
class World {
  readonly log = new SimulatedLog();
  readonly posted: LoopCommand[] = [];
  readonly wanted = new Map<string, Wanted>([
    ['llm/a', pressed(900, 1_400)],
    ['llm/b', calm(200)],
    ['llm/c', calm(800)],
  ]);
  now = START;

  constructor(robotChanges = 'apply') {
    this.log.advanceTo(this.now);
    register(this.log, robotChanges);
    for (const quotaId of quotaIds) {
      this.log.must('CreateQuota', application, { quotaId, content: content() });
    }
    // Long enough for limits to have rested.
    this.pass(15n * 24n * HOUR);
  }

  get state(): ApplicationState {
    return this.log.state(application) as ApplicationState;
  }

  get limits(): readonly (bigint | undefined)[] {
    return quotaIds.map((id) => this.state.quotas.get(id)?.rightsized.get('tokens')?.limit.amount);
  }

  get resizes(): readonly string[] {
    const resized = this.log.events.filter(({ type }) => type === 'QuotaResized');
    return resized.map(({ value }) => value.envelope.quotaId ?? '').sort();
  }

  pass(micros: bigint): void {
    this.now += micros;
    this.log.advanceTo(this.now);
  }

  /** A process of its own: it knows what the log says, and nothing else. */
  rightsizer(
    policy: Policy = testPolicy,
    post: (command: LoopCommand) => Promise<CommandAnswer> = (command) => this.answer(command),
  ): Rightsizer {
    const desk = new CommandDesk(post);
    const view = new SimulatedView(this.log);
    return new Rightsizer({ ...usageOf(this.wanted, () => this.now), view, desk, policy });
  }

  answer(command: LoopCommand): Promise<CommandAnswer> {
    this.posted.push(command);
    return Promise.resolve(this.log.answer(command));
  }

  /** Has its first dry run, and waits for it to be old enough. */
  async rehearse(): Promise<void> {
    await this.rightsizer().evaluate(this.now);
    this.pass(HOUR);
  }

  evaluate(): Promise<Readonly<Record<string, string>>> {
    return resultsOf(this.rightsizer(), this.now);
  }
}

const typesOf = (commands: readonly LoopCommand[]): readonly string[] =>
  commands.map(({ type }) => type);

describe('before its first change of an application the rightsizer', () => {
  it('puts into the log what it would change, and changes nothing until that is old enough', async () => {
    const world = new World();
    expect(await world.evaluate()).toEqual({
      ...{ 'llm/a': 'REHEARSING', 'llm/b': 'REHEARSING', 'llm/c': 'WITHIN_DEADBAND' },
    });
    expect(typesOf(world.posted)).toEqual(['RecordRehearsal']);
    expect(world.posted[0]?.data).toMatchObject({
      ...{ policy: 'test', policyVersion: 1, wouldRaise: 1, wouldLower: 1 },
      skipped: { WITHIN_DEADBAND: 1 },
    });
    world.pass(HOUR - 1n);
    expect(await world.evaluate()).toMatchObject({ 'llm/a': 'REHEARSING' });
    expect(world.posted).toHaveLength(1);
    world.pass(1n);
    expect(await world.evaluate()).toMatchObject({ 'llm/a': 'POSTED', 'llm/b': 'POSTED' });
    expect(typesOf(world.posted.slice(1))).toEqual(['ResizeQuota', 'ResizeQuota']);
  });

  it('does so again under another version of the policy', async () => {
    const world = new World();
    await world.rehearse();
    const next = world.rightsizer({ ...testPolicy, version: 2 });
    expect(await resultsOf(next, world.now)).toMatchObject({ 'llm/a': 'REHEARSING' });
    expect(world.limits).toEqual([undefined, undefined, undefined]);
  });

  it('does not take a look at nothing for a dry run', async () => {
    const world = new World();
    world.wanted.clear();
    expect(await world.evaluate()).toEqual({
      ...{ 'llm/a': 'NO_DATA', 'llm/b': 'NO_DATA', 'llm/c': 'NO_DATA' },
    });
    expect(world.posted).toEqual([]);
  });
});

describe('the rightsizer', () => {
  it('raises what lacks first, and says by what evidence', async () => {
    const world = new World();
    await world.rehearse();
    await world.evaluate();
    const [first, second] = world.posted.slice(1);
    expect(first).toMatchObject({
      ...{ type: 'ResizeQuota', stream: application, expectedVersion: 1n },
      data: { quotaId: 'llm/a', evidence: { policy: 'test@1', source: 'usage table version 7' } },
    });
    expect(second).toMatchObject({ data: { quotaId: 'llm/b' } });
    const [a, b, c] = world.limits;
    expect(a).toBeGreaterThanOrEqual(1_400n);
    expect(b).toBeLessThan(900n);
    expect(b).toBeGreaterThanOrEqual(200n);
    expect(c).toBeUndefined();
  });

  it('changes nothing more until what it changed has been seen', async () => {
    const world = new World();
    await world.rehearse();
    await world.evaluate();
    // The table still says what it said: what was refused before the raise is no reason for the next.
    for (let look = 0; look < 3; look += 1) {
      world.pass(60_000_000n);
      await world.evaluate();
    }
    expect(world.resizes).toEqual(['llm/a', 'llm/b']);
  });

  it('sends ResizeQuota and RecordRehearsal and nothing else, whatever it finds', async () => {
    const world = new World();
    for (let hour = 0; hour < 40; hour += 1) {
      world.wanted.set('llm/a', hour % 7 === 0 ? pressed(900, 1_400 + 100 * hour) : calm(300));
      world.wanted.set('llm/b', calm(100 + 90 * (hour % 11)));
      if (hour === 9) world.log.must('DeleteQuota', application, { quotaId: 'llm/c' });
      await world.evaluate();
      world.pass(HOUR);
    }
    expect(world.posted.length).toBeGreaterThan(5);
    expect([...new Set(typesOf(world.posted))].sort()).toEqual(['RecordRehearsal', 'ResizeQuota']);
  });

  it('leaves alone what is pinned, and says so', async () => {
    const world = new World();
    world.log.must('CreateQuota', application, {
      quotaId: 'llm/pinned',
      content: content({ rightsizing: [{ ...bounds, pinned: true }] }),
    });
    world.wanted.set('llm/pinned', pressed(900, 1_400));
    await world.rehearse();
    expect(await world.evaluate()).toMatchObject({ 'llm/pinned': 'PINNED', 'llm/a': 'POSTED' });
  });

  it('asks once where a person decides', async () => {
    const world = new World('propose');
    await world.rehearse();
    expect(await world.evaluate()).toMatchObject({ 'llm/a': 'POSTED' });
    world.pass(1_000_000n);
    expect(await world.evaluate()).toMatchObject({ 'llm/a': 'PROPOSAL_OPEN' });
    expect(world.state.proposals.size).toBe(2);
  });

  it('holds still while the table has not caught up, and while the log is behind', async () => {
    const world = new World();
    await world.rehearse();
    const view = new SimulatedView(world.log);
    const desk = new CommandDesk((command) => world.answer(command));
    const usage = usageOf(world.wanted, () => world.now);
    const parts = { ...usage, view, desk, policy: testPolicy };
    const stale = { ...usage.freshness, caughtUpAt: () => null };
    expect(await resultsOf(new Rightsizer({ ...parts, freshness: stale }), world.now)).toEqual({
      ...{ 'llm/a': 'USAGE_STALE', 'llm/b': 'USAGE_STALE', 'llm/c': 'USAGE_STALE' },
    });
    view.isAway = true;
    const behind = await new Rightsizer(parts).evaluate(world.now);
    expect(behind).toMatchObject({ putOff: 'VIEW_BEHIND', findings: [] });
    expect(world.resizes).toEqual([]);
  });
});

describe('a rightsizer that', () => {
  const undisturbed = async (): Promise<World> => {
    const world = new World();
    await world.rehearse();
    await world.evaluate();
    return world;
  };

  it.each(['before it was decided', 'after it was decided'])(
    'dies at any post, %s, does each change once',
    async (when) => {
      const calmly = await undisturbed();
      for (let dying = 0; dying < calmly.posted.length; dying += 1) {
        const world = new World();
        let posts = 0;
        let isDead = false;
        const post = async (command: LoopCommand): Promise<CommandAnswer> => {
          if (isDead) throw new Error('killed');
          isDead = posts === dying;
          posts += 1;
          if (!isDead) return world.answer(command);
          if (when === 'after it was decided') await world.answer(command);
          throw new Error('killed');
        };
        const mortal = world.rightsizer(testPolicy, post);
        for (let turn = 0; turn < 2; turn += 1) {
          await mortal.evaluate(world.now).catch(() => undefined);
          world.pass(HOUR);
        }
        expect(isDead).toBe(true);
        // Its successor knows the log alone; and looks often.
        for (let turn = 0; turn < 3; turn += 1) {
          await world.evaluate();
          world.pass(HOUR);
        }
        expect(world.resizes).toEqual(calmly.resizes);
        expect(world.limits).toEqual(calmly.limits);
      }
    },
  );

  it('works beside another does each change once', async () => {
    const calmly = await undisturbed();
    const world = new World();
    const both = [world.rightsizer(), world.rightsizer()];
    await Promise.all(both.map((each) => each.evaluate(world.now)));
    const rehearsed = world.log.events.filter(({ type }) => type === 'RightsizingRehearsed');
    expect(rehearsed).toHaveLength(1);
    world.pass(HOUR);
    await Promise.all(both.map((each) => each.evaluate(world.now)));
    expect(world.posted.length).toBeGreaterThan(calmly.posted.length);
    expect(world.resizes).toEqual(calmly.resizes);
    expect(world.limits).toEqual(calmly.limits);
  });

  it('looks late, or again, at what it has answered does each change once', async () => {
    const world = new World();
    await world.rehearse();
    const one = world.rightsizer();
    const moment = world.now;
    await one.evaluate(moment);
    await one.evaluate(moment);
    await world.rightsizer().evaluate(moment - 60_000_000n);
    expect(world.resizes).toEqual(['llm/a', 'llm/b']);
  });

  it('gets no answer repeats to the letter what it asked', async () => {
    const world = new World();
    await world.rehearse();
    let isSilent = true;
    const said: LoopCommand[] = [];
    const rightsizer = world.rightsizer(testPolicy, async (command) => {
      said.push(command);
      const answer = await world.answer(command);
      return isSilent ? unanswered(command.commandId) : answer;
    });
    expect(await resultsOf(rightsizer, world.now)).toMatchObject({ 'llm/a': 'UNKNOWN' });
    isSilent = false;
    await rightsizer.evaluate(world.now);
    expect(world.resizes).toEqual(['llm/a', 'llm/b']);
    expect(new Set(said.map(({ commandId }) => commandId)).size).toBe(2);
  });

  it('gets no answer gives up a lowering that is not called for any more, though it never arrived', async () => {
    const world = new World();
    await world.rehearse();
    let isAway = true;
    const rightsizer = world.rightsizer(testPolicy, (command) =>
      isAway ? Promise.resolve(unanswered(command.commandId)) : world.answer(command),
    );
    expect(await resultsOf(rightsizer, world.now)).toMatchObject({ 'llm/b': 'UNKNOWN' });
    isAway = false;
    // Where there was room there is a shortage by now.
    world.wanted.set('llm/b', pressed(900, 1_400));
    expect(await resultsOf(rightsizer, world.now)).toMatchObject({ 'llm/b': 'POSTED' });
    expect(world.resizes).toEqual(['llm/a', 'llm/b']);
    expect(world.limits[1]).toBeGreaterThan(1_000n);
    world.wanted.set('llm/b', calm(800));
    expect(await resultsOf(rightsizer, world.now)).not.toMatchObject({ 'llm/b': 'POSTED' });
  });
});
