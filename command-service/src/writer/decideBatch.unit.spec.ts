import type { LogRecord } from '@prorata/kafka-port';
import { noChange, registration, tokens } from '@prorata/quota-model/testing';
import type { Sender } from '@prorata/quota-model/testing';
import { Codec, memoryIds } from '@prorata/schemas';
import type { CommandMessage, CommandOutcome, EventMessage, TreeStep } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import {
  changing,
  command,
  creating,
  deleting,
  overriding,
  registering,
} from '../testing/simulatedCommands.ts';
import type { IsTimeUp } from './batchTime.ts';
import { decideBatch } from './decideBatch.ts';
import type { DecidedBatch } from './decideBatch.ts';
import { AGE_MAX_MICROS } from './commandAge.ts';
import { encoder } from './outRecords.ts';
import { PartitionState } from './partitionState.ts';
import type { ReadCommand } from './readCommand.ts';
import { RecentCommands } from './recentCommands.ts';
import { TIMER_BOUNDS } from './timerBounds.ts';
import { writerTopicsIn } from './writerTopics.ts';

const codec = new Codec(memoryIds());
const topics = writerTopicsIn('');
const now = 1_000_000_000n;

const recordAt = (offset: number, value: Buffer | null = null): LogRecord => ({
  topic: topics.commands,
  partition: 1,
  offset: BigInt(offset),
  timestampMs: 0,
  key: null,
  value,
  headers: new Map(),
});

function read(offset: number, command: CommandMessage): ReadCommand {
  const { stream } = command.value.envelope;
  return { kind: 'command', record: recordAt(offset), command, stream, signedAt: now };
}

function decideAll(
  state: PartitionState,
  reads: readonly ReadCommand[],
  at = now,
  bytesMax = 700_000,
): Promise<DecidedBatch> {
  return decideBatch(state, reads, at, { partition: 1, topics, encode: encoder(codec), bytesMax });
}

async function decoded<T>(batch: DecidedBatch, topic: keyof typeof topics): Promise<T[]> {
  const records = batch.records.filter((record) => record.topic === topics[topic]);
  return Promise.all(records.map(async ({ value }) => (await codec.decode(value)) as T));
}

async function registered(): Promise<PartitionState> {
  const state = new PartitionState();
  await decideAll(state, [read(0, registering(0, 'moka', now))]);
  return state;
}

const large = (offset: number, bytes: number): ReadCommand => {
  const command = creating(offset, `moka/q${offset}`, now);
  if (command.type !== 'CreateQuota') throw new TypeError('not a CreateQuota');
  const attributes = JSON.stringify({ text: 'x'.repeat(bytes) });
  const content = { ...command.value.content, attributes };
  return read(offset, { ...command, value: { ...command.value, content } });
};

describe('a batch', () => {
  it('holds what fits, in order, and leaves the others for the next', async () => {
    const state = await registered();
    const reads = [1, 2, 3, 4].map((offset) => large(offset, 2_000));
    const first = await decideAll(state, reads, now, 6_000);
    expect(first.commands).toBe(2);
    expect(state.nextCommand).toBe(3n);
    const next = await decideAll(state, reads.slice(2), now, 6_000);
    expect(next.outcomes.map(({ commandOffset }) => commandOffset)).toEqual([3n, 4n]);
    const events = await decoded<EventMessage>(next, 'events');
    expect(events.map((event) => event.value.envelope.streamVersion)).toEqual([4n, 5n]);
  });

  it('tells a dry run what would be in force, and writes no event', async () => {
    const state = await registered();
    const asked = creating(1, 'moka/a', now);
    const envelope = { ...asked.value.envelope, dryRun: true };
    const dryRun = { ...asked, value: { ...asked.value, envelope } } as CommandMessage;
    const batch = await decideAll(state, [read(1, dryRun), read(2, creating(2, 'moka/a', now))]);
    const [told, done] = await decoded<{ value: CommandOutcome }>(batch, 'outcomes');
    expect(told?.value.preview.length).toBeGreaterThan(0);
    expect(told?.value.preview.every(({ quotaId }) => quotaId === 'moka/a')).toBe(true);
    expect(done?.value).toMatchObject({ status: 'accepted', preview: [], quotaVersion: 1n });
    expect(batch.commandEvents).toBe(1);
  });

  it('refuses what makes the partition hold more quotas than it may, until there is room', async () => {
    const state = await registered();
    const decide = (...commands: CommandMessage[]): Promise<DecidedBatch> =>
      decideBatch(
        state,
        commands.map((command, index) => read(Number(state.nextCommand) + index, command)),
        now,
        { partition: 1, topics, encode: encoder(codec), bytesMax: 700_000, quotasMax: 2 },
      );
    const third = creating(4, 'moka/c', now, 10n);
    const full = await decide(
      creating(2, 'moka/a', now, 10n),
      creating(3, 'moka/b', now, 10n),
      third,
      changing(5, 'moka/b', now, 20n),
      deleting(6, 'moka/a', now),
      third,
    );
    const codes = ['ACCEPTED', 'ACCEPTED', 'PARTITION_FULL', 'ACCEPTED', 'ACCEPTED', 'ACCEPTED'];
    expect(full.outcomes.map(({ code }) => code)).toEqual(codes);
    expect(full.outcomes.at(-1)?.firstOffset).toBeNull();
    expect(state.quotas).toBe(2);
  });

  it('takes into a full partition what makes it hold no more in all, and tells a dry run what would be refused', async () => {
    const state = await registered();
    const decide = (...commands: CommandMessage[]): Promise<DecidedBatch> =>
      decideBatch(
        state,
        commands.map((command, index) => read(Number(state.nextCommand) + index, command)),
        now,
        { partition: 1, topics, encode: encoder(codec), bytesMax: 6_000, quotasMax: 1 },
      );
    await decide(creating(2, 'moka/a', now, 10n));
    const dry = (asked: CommandMessage): CommandMessage => {
      const envelope = { ...asked.value.envelope, dryRun: true };
      return { ...asked, value: { ...asked.value, envelope } } as CommandMessage;
    };
    const none = {
      expectedVersion: null,
      change: null,
      move: null,
      restore: null,
      resize: null,
    };
    const made = creating(3, 'moka/b', now, 10n);
    if (made.type !== 'CreateQuota') throw new TypeError('not a CreateQuota');
    const create = { quotaId: 'moka/b', content: made.value.content };
    const exchange = command(4, 'moka', now, {
      type: 'ChangeTree',
      data: {
        steps: [
          { ...none, create: null, delete: { quotaId: 'moka/a', children: 'refuse' } },
          { ...none, create, delete: null },
        ],
      },
    });
    const tooLarge = dry((large(5, 9_000) as { command: CommandMessage }).command);
    const { outcomes } = await decide(dry(made), exchange, tooLarge);
    expect(outcomes.map(({ code, dryRun }) => [code, dryRun])).toEqual([
      ['PARTITION_FULL', true],
      ['ACCEPTED', false],
      ['PARTITION_FULL', true],
    ]);
    const { outcomes: later } = await decideBatch(
      state,
      [read(Number(state.nextCommand), tooLarge)],
      now,
      { partition: 1, topics, encode: encoder(codec), bytesMax: 6_000 },
    );
    expect(later).toMatchObject([{ code: 'COMMAND_TOO_LARGE', dryRun: true, streamVersion: 4n }]);
    expect(later[0]?.message).toContain('1 events');
  });

  it('lets the event loop have its turn between two commands', async () => {
    const state = await registered();
    let breaths = 0;
    await decideBatch(
      state,
      [read(1, creating(2, 'moka/a', now)), read(2, creating(3, 'moka/a', now))],
      now,
      {
        partition: 1,
        topics,
        encode: encoder(codec),
        bytesMax: 700_000,
        breathe: () => {
          breaths++;
          return undefined;
        },
      },
    );
    expect(breaths).toBe(2);
  });

  it('writes what it has when its time is up, one command at the least, and goes on with the next', async () => {
    const state = await registered();
    const reads = [1, 2, 3].map((n) => read(n, creating(n, `moka/q${n}`, now)));
    let asked = 0;
    const parts = { partition: 1, topics, encode: encoder(codec), bytesMax: 700_000 };
    const isTimeUp = (): boolean => ++asked >= 2;
    const first = await decideBatch(state, reads, now, { ...parts, isTimeUp });
    expect([first.commands, state.nextCommand]).toEqual([2, 3n]);
    const late = await decideBatch(state, reads.slice(2), now, { ...parts, isTimeUp });
    expect(late.outcomes.map(({ code }) => code)).toEqual(['ACCEPTED']);
  });

  it('ends for its time among timers too, and forgets none of them', async () => {
    const state = await registered();
    const due = now + 100n;
    await decideAll(state, [
      ...[1, 2, 3].map((n) => read(n, creating(n, `moka/q${n}`, now))),
      ...[4, 5, 6].map((n) => read(n, overriding(n, `moka/q${n - 3}`, due, now))),
    ]);
    const parts = { partition: 1, topics, encode: encoder(codec), bytesMax: 700_000 };
    const ended: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const batch = await decideBatch(state, [], due, { ...parts, isTimeUp: () => true });
      ended.push(batch.timerEvents);
    }
    expect(ended).toEqual([1, 1, 1, 0]);
  });

  it('refuses a command that fits into no append, changes nothing, and goes on', async () => {
    const state = await registered();
    const batch = await decideAll(state, [large(1, 9_000), large(2, 100)], now, 6_000);
    expect(batch.outcomes.map(({ code }) => code)).toEqual(['COMMAND_TOO_LARGE', 'ACCEPTED']);
    const events = await decoded<EventMessage>(batch, 'events');
    expect(events.map((event) => event.value.envelope.quotaId)).toEqual(['moka/q2']);
    expect(batch.outcomes[0]?.streamVersion).toBe(1n);
  });

  it('lets nothing wait whose approval would fit into no append', async () => {
    const changePolicy = { ...registration.changePolicy, raiseApprovalAboveBasisPoints: 2_000 };
    const cautious = { ...registration, changePolicy };
    const step = (quotaId: string, change: Partial<typeof noChange>): TreeStep => ({
      ...{
        expectedVersion: null,
        create: null,
        move: null,
        delete: null,
        restore: null,
        resize: null,
      },
      change: { ...noChange, quotaId, ...change },
    });
    const steps = [
      step('moka/a', { setLimits: [tokens(900n)] }),
      ...[2, 3, 4].map((number) => step(`moka/q${number}`, { labels: { checked: 'yes' } })),
    ];
    const changeTree = (some: readonly TreeStep[], sender?: Sender) =>
      command(5, 'moka', now, { type: 'ChangeTree', data: { steps: some } }, sender);
    const outcomesOf = async (asked: CommandMessage, bytesMax: number) => {
      const state = new PartitionState();
      await decideAll(state, [
        read(0, command(0, 'moka', now, { type: 'RegisterApplication', data: cautious })),
        read(1, creating(1, 'moka/a', now)),
        ...[2, 3, 4].map((number) => large(number, 2_000)),
      ]);
      return (await decideAll(state, [read(5, asked)], now, bytesMax)).outcomes;
    };
    const refused = { code: 'PROPOSAL_TOO_LARGE', streamVersion: 5n };
    expect(await outcomesOf(changeTree(steps), 6_000)).toMatchObject([refused]);
    const dry = changeTree(steps, { dryRun: true });
    expect(await outcomesOf(dry, 6_000)).toMatchObject([{ ...refused, dryRun: true }]);
    const waits = { code: 'PROPOSED', streamVersion: 6n };
    expect(await outcomesOf(changeTree(steps), 60_000)).toMatchObject([waits]);
    expect(await outcomesOf(changeTree(steps.slice(0, 2)), 6_000)).toMatchObject([waits]);
  });

  it('copies what cannot be read beside its outcome, cut to what an append takes', async () => {
    const state = await registered();
    const record = recordAt(1, Buffer.alloc(900_000, 7));
    const unreadable: ReadCommand = { kind: 'unreadable', record, message: 'no', stream: 'x' };
    const batch = await decideAll(state, [unreadable, read(2, creating(2, 'moka/a', now))]);
    const [letter] = batch.records.filter(({ topic }) => topic === topics.deadLetters);
    expect(letter?.value?.length).toBe(500_000);
    expect(letter?.headers).toMatchObject({
      'error-code': 'COMMAND_UNREADABLE',
      'source-bytes': '900000',
    });
    const [outcome] = await decoded<{ value: CommandOutcome }>(batch, 'outcomes');
    expect(outcome?.value).toMatchObject({
      code: 'COMMAND_UNREADABLE',
      commandOffset: 1n,
      actor: null,
    });
    expect(batch.outcomes[1]?.status).toBe('accepted');
  });

  it('lets what is due happen before the commands of the same moment', async () => {
    const state = await registered();
    await decideAll(state, [
      read(1, creating(1, 'moka/a', now)),
      read(2, overriding(2, 'moka/a', now + 100n, now)),
    ]);
    expect(state.due.earliest()).toBe(now + 100n);
    const batch = await decideAll(state, [read(3, creating(3, 'moka/b', now))], now + 100n);
    const types = (await decoded<EventMessage>(batch, 'events')).map(({ type }) => type);
    expect(types).toEqual(['QuotaOverrideEnded', 'QuotaCreated']);
    expect([batch.timerEvents, batch.commandEvents]).toEqual([1, 1]);
    expect(state.due.earliest()).toBeNull();
  });

  describe('of which one stream has more due than fits', () => {
    const until = now + 100n;
    const more = 50;

    /** Two applications; in moka so many overrides end at `until` that a batch cannot take them all. */
    async function flooded(): Promise<{ state: PartitionState; offset: number }> {
      const state = await registered();
      let offset = 1;
      await decideAll(state, [read(offset, registering(offset++, 'latte', now))]);
      for (let quota = 0; quota < TIMER_BOUNDS.perBatchMax + more; quota++) {
        await decideAll(state, [
          read(offset, creating(offset++, `moka/q${quota}`, now, 1n)),
          read(offset, overriding(offset++, `moka/q${quota}`, until, now)),
        ]);
      }
      return { state, offset };
    }

    it('takes some of its timers, and commands of others beside them', async () => {
      const { state, offset } = await flooded();
      const beside = read(offset, creating(offset, 'latte/a', now, 1n));
      const first = await decideAll(state, [beside], until);
      expect([first.timerEvents, first.commandEvents]).toEqual([TIMER_BOUNDS.perBatchMax, 1]);
      expect(state.due.earliest()).toBe(until);
      const rest = await decideAll(state, [], until);
      expect(rest.timerEvents).toBe(more);
      expect(state.due.earliest()).toBeNull();
    });

    it('keeps its commands until all of its timers are through', async () => {
      const { state, offset } = await flooded();
      const reads = [
        read(offset, creating(offset, 'latte/a', now, 1n)),
        read(offset + 1, creating(offset + 1, 'moka/b', now, 1n)),
        read(offset + 2, creating(offset + 2, 'latte/b', now, 1n)),
      ];
      const first = await decideAll(state, reads, until);
      expect([first.timerEvents, first.commands]).toEqual([TIMER_BOUNDS.perBatchMax, 1]);
      const next = await decideAll(state, reads.slice(1), until);
      expect([next.timerEvents, next.commands]).toEqual([more, 2]);
      expect([...first.outcomes, ...next.outcomes].map(({ code }) => code)).toEqual([
        'ACCEPTED',
        'ACCEPTED',
        'ACCEPTED',
      ]);
    });

    it('comes to an end, however little time a batch has', async () => {
      const { state, offset } = await flooded();
      const command = read(offset, creating(offset, 'moka/b', now, 1n));
      const parts = { partition: 1, topics, encode: encoder(codec), bytesMax: 700_000 };
      const hasEnded = (): boolean => state.nextCommand === BigInt(offset + 1);
      let batches = 0;
      let timers = 0;
      for (; !hasEnded(); batches++) {
        const isTimeUp = (): boolean => true;
        const batch = await decideBatch(state, [command], until, { ...parts, isTimeUp });
        expect(batch.timerEvents + batch.commands).toBeGreaterThan(0);
        timers += batch.timerEvents;
      }
      expect([batches, timers]).toEqual([
        TIMER_BOUNDS.perBatchMax + more,
        TIMER_BOUNDS.perBatchMax + more,
      ]);
    });

    /** A command waits for three ends at most, and a batch makes two of them in a stream. */
    const timerBounds = { perBatchMax: 2, awaitedMax: 3 };
    const decideBounded = (
      state: PartitionState,
      reads: readonly ReadCommand[],
      at = until,
      isTimeUp?: IsTimeUp,
    ): Promise<DecidedBatch> =>
      decideBatch(state, reads, at, {
        partition: 1,
        topics,
        encode: encoder(codec),
        bytesMax: 700_000,
        timerBounds,
        ...(isTimeUp === undefined ? {} : { isTimeUp }),
      });

    /** Applications of which so many overrides each end at the times given. */
    async function ending(
      ends: Readonly<Record<string, readonly bigint[]>>,
    ): Promise<{ state: PartitionState; offset: number }> {
      const state = new PartitionState();
      let offset = 0;
      for (const [application, times] of Object.entries(ends)) {
        await decideAll(state, [read(offset, registering(offset++, application, now))]);
        for (const [index, time] of times.entries()) {
          const quotaId = `${application}/q${index}`;
          await decideAll(state, [
            read(offset, creating(offset++, quotaId, now, 1n)),
            read(offset, overriding(offset++, quotaId, time, now)),
          ]);
        }
      }
      return { state, offset };
    }
    const times = (count: number, at: bigint): bigint[] => Array.from({ length: count }, () => at);

    it('refuses its commands rather than let those of others wait for all of that', async () => {
      const { state, offset } = await ending({ moka: times(10, until), latte: [] });
      const own = read(offset, creating(offset, 'moka/b', now, 1n));
      const other = read(offset + 1, creating(offset + 1, 'latte/b', now, 1n));
      const first = await decideBounded(state, [own, other]);
      const codes = (batch: DecidedBatch) => batch.outcomes.map(({ code }) => code);
      expect(codes(first)).toEqual(['TIMERS_PENDING', 'ACCEPTED']);
      while (state.due.earliest() !== null) await decideBounded(state, []);
      const again = { ...own, record: recordAt(offset + 2) };
      const second = await decideBounded(state, [again]);
      expect([codes(second), second.outcomes[0]?.firstOffset]).toEqual([['ACCEPTED'], null]);
    });

    it('answers what was decided before, however much is due', async () => {
      const { state, offset } = await ending({ moka: times(10, until) });
      const repeated = { ...read(0, registering(0, 'moka', now)), record: recordAt(offset) };
      const { outcomes } = await decideBounded(state, [repeated]);
      expect(outcomes.map(({ code, firstOffset }) => [code, firstOffset])).toEqual([
        ['ACCEPTED', 0n],
      ]);
    });

    it('does not keep what others have due, and their commands, from their turn', async () => {
      const { state, offset } = await ending({ moka: times(20, until), latte: [until + 1n] });
      const command = read(offset, creating(offset, 'latte/b', now, 1n));
      const at = until + 2n;
      const batch = await decideBounded(state, [command], at, () => true);
      const types = (await decoded<EventMessage>(batch, 'events')).map(({ value, type }) => [
        type,
        value.envelope.stream,
      ]);
      expect(types).toEqual([
        ['QuotaOverrideEnded', 'application:moka'],
        ['QuotaOverrideEnded', 'application:latte'],
        ['QuotaCreated', 'application:latte'],
      ]);
      const ended: string[] = [];
      const quiet = await ending({ moka: times(20, until), latte: [until + 1n, until + 1n] });
      for (let turn = 0n; turn < 3n; turn++) {
        const turned = await decideBounded(quiet.state, [], at + turn, () => true);
        for (const { value } of await decoded<EventMessage>(turned, 'events'))
          ended.push(value.envelope.stream);
      }
      expect(ended).toEqual(['application:moka', 'application:latte', 'application:moka']);
    });

    it('does not keep what is left over until a clock that was set back comes there again', async () => {
      const { state } = await ending({ moka: times(5, until) });
      await decideBounded(state, [], until + 3_600_000_000n);
      expect(state.dueAt(until + 1n)).toBe(until);
      expect((await decideBounded(state, [], until + 1n)).timerEvents).toBe(2);
      await decideBounded(state, [], until + 3_600_000_000n);
      expect((await decideBounded(state, [], until + 2n)).timerEvents).toBe(0);
    });

    it('leaves to commands their part of a batch’s time', async () => {
      const { state, offset } = await ending({ moka: times(20, until), latte: [] });
      const reads = [0, 1, 2].map((n) =>
        read(offset + n, creating(offset + n, `latte/b${n}`, now, 1n)),
      );
      // The time of timers is over after the first.
      const isTimeUp: IsTimeUp = (share = 1) => share < 1;
      const batch = await decideBounded(state, reads, until, isTimeUp);
      expect([batch.timerEvents, batch.commands]).toEqual([1, 3]);
    });

    it('shows no command an override that is over at the time the command is stamped with', async () => {
      const ahead = until + 50n;
      const { state, offset } = await ending({ moka: [until] });
      // A clock that was ahead has written up to `ahead`; its successor's is slow.
      const head = state.streams.get('application:moka')!;
      head.decidedAt = ahead;
      const command = read(offset, creating(offset, 'moka/b', now, 1n));
      const batch = await decideAll(state, [command], now + 10n);
      const events = await decoded<EventMessage>(batch, 'events');
      expect(events.map(({ type, value }) => [type, value.envelope.decidedAt])).toEqual([
        ['QuotaOverrideEnded', ahead],
        ['QuotaCreated', ahead],
      ]);
    });

    it('does not wait for timers of which none changes anything', async () => {
      const { state, offset } = await flooded();
      while (state.due.earliest() !== null) await decideAll(state, [], until);
      state.due.set('application:moka', until);
      const idle = read(offset, creating(offset, 'moka/b', now, 1n));
      expect((await decideAll(state, [idle], until)).commands).toBe(1);
    });
  });

  it('of a dry run has the outcome alone', async () => {
    const state = await registered();
    const command = creating(1, 'moka/a', now);
    const envelope = { ...command.value.envelope, dryRun: true };
    const dry = { ...command, value: { ...command.value, envelope } } as CommandMessage;
    const batch = await decideAll(state, [read(1, dry), read(2, creating(2, 'moka/a', now))]);
    expect(batch.outcomes.map(({ status, eventIds }) => [status, eventIds.length])).toEqual([
      ['accepted', 0],
      ['accepted', 1],
    ]);
  });

  it('writes of the waivers those that were needed onto the events', async () => {
    const state = await registered();
    await decideAll(state, [read(1, creating(1, 'moka/a', now))]);
    const command = changing(2, 'moka/a', now, 60n);
    const seen = { quotaId: 'moka/a', resource: 'tokens', used: 80n, observedAt: now, source: 'x' };
    const waivers = ['ALL_ZERO', 'BELOW_USAGE'].map((check) => ({ check, reason: 'agreed' }));
    const envelope = { ...command.value.envelope, usage: [seen], waivers };
    const waiving = { ...command, value: { ...command.value, envelope } } as CommandMessage;
    const [event] = await decoded<EventMessage>(
      await decideAll(state, [read(2, waiving)]),
      'events',
    );
    expect(event?.value.envelope.waivers).toEqual([{ check: 'BELOW_USAGE', reason: 'agreed' }]);
  });

  it('judges a command’s age by its own time, and a stale copy does not answer for its command', async () => {
    const state = await registered();
    const create = read(1, creating(1, 'moka/a', now));
    const batch = await decideAll(state, [create], now + AGE_MAX_MICROS + 1n);
    expect(batch.outcomes.map(({ code }) => code)).toEqual(['COMMAND_TOO_OLD']);
    const again = await decideAll(state, [{ ...create, record: recordAt(2) }], now);
    expect(again.outcomes.map(({ code, firstOffset }) => [code, firstOffset])).toEqual([
      ['ACCEPTED', null],
    ]);
  });

  it('refuses new commands when no more can be remembered, and still answers the known', async () => {
    const state = new PartitionState(new RecentCommands(1));
    await decideAll(state, [read(0, registering(0, 'moka', now))]);
    const create = read(1, creating(1, 'moka/a', now));
    const repeated = { ...read(0, registering(0, 'moka', now)), record: recordAt(2) };
    const { outcomes } = await decideAll(state, [create, repeated]);
    expect(outcomes.map(({ code, firstOffset }) => [code, firstOffset])).toEqual([
      ['TOO_MANY_COMMANDS', null],
      ['ACCEPTED', 0n],
    ]);
  });

  it('keeps a copy of what nobody vouches for', async () => {
    const record = recordAt(1, Buffer.from('forged'));
    const code = 'COMMAND_UNSIGNED';
    const read = {
      kind: 'refused',
      record,
      code,
      message: 'x',
      command: null,
      stream: 's',
    } as const;
    const batch = await decideAll(new PartitionState(), [read]);
    const [letter] = batch.records.filter(({ topic }) => topic === topics.deadLetters);
    expect([letter?.value?.toString(), letter?.headers?.['error-code']]).toEqual(['forged', code]);
  });
});
