import { createLogger } from '@prorata/service-runtime';
import { Codec, memoryIds } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { actor, COMMAND_ID, outcomeOf } from '../../testing/outcomes.ts';
import { OutcomeBook, RECENT_MAX, RECENT_PER_ID_MAX } from './outcomeBook.ts';

const codec = new Codec(memoryIds());
const book = (): OutcomeBook => new OutcomeBook(codec, createLogger('test', 'silent'));
const waited = {
  actor,
  stream: 'application:moka',
  commandId: COMMAND_ID,
  bodyHash: Buffer.alloc(32, 1),
};

const emptyRecord = {
  topic: 'quota.outcomes',
  partition: 0,
  offset: 0n,
  timestampMs: 0,
  key: null,
  value: null,
  headers: new Map<string, Buffer>(),
};

async function pass(to: OutcomeBook, outcome: CommandOutcome | null): Promise<void> {
  const value =
    outcome === null
      ? Buffer.from('garbage')
      : await codec.encode('quota.outcomes', { type: 'CommandOutcome', value: outcome });
  await to.onRecord({ ...emptyRecord, value });
}

afterEach(() => vi.useRealTimers());

describe('the book of outcomes', () => {
  it('hands an outcome to everybody who waits for it', async () => {
    const made = book();
    const [one, other] = [made.await(waited, 1_000), made.await(waited, 1_000)];
    await pass(made, outcomeOf());
    expect((await one.outcome)?.commandOffset).toBe(7n);
    expect((await other.outcome)?.commandOffset).toBe(7n);
    expect(made.waiting).toBe(0);
  });

  it.each([
    ['another principal', outcomeOf({ actor: { ...actor, subject: 'u-2' } })],
    ['another stream', outcomeOf({ stream: 'application:tidb' })],
    ['another body', outcomeOf({ bodyHash: Buffer.alloc(32, 2) })],
    ['nobody', outcomeOf({ actor: null })],
    ['bytes that cannot be read', null],
  ])('does not answer with the outcome of %s', async (_whose, outcome) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const made = book();
    const mine = made.await(waited, 1_000);
    await pass(made, outcome);
    expect(made.waiting).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(await mine.outcome).toBeNull();
    expect(made.waiting).toBe(0);
  });

  it('finds recent outcomes by id, each command once, the last word of it', async () => {
    const made = book();
    await pass(made, outcomeOf());
    await pass(made, outcomeOf({ commandOffset: 9n, firstOffset: 7n }));
    await pass(made, outcomeOf({ stream: 'application:tidb' }));
    expect(made.find(COMMAND_ID).map(({ commandOffset }) => commandOffset)).toEqual([9n, 7n]);
    expect(made.find('unknown')).toEqual([]);
  });

  it('keeps a decision when a copy of its command is turned away, and no turning away before it', async () => {
    const made = book();
    const turnedAway = { status: 'refused', code: 'TIMERS_PENDING' } as const;
    const codes = () => made.find(COMMAND_ID).map(({ code }) => code);
    await pass(made, outcomeOf(turnedAway));
    expect(codes()).toEqual(['TIMERS_PENDING']);
    await pass(made, outcomeOf({ commandOffset: 8n }));
    expect(codes()).toEqual(['ACCEPTED']);
    await pass(made, outcomeOf({ ...turnedAway, code: 'COMMAND_TOO_OLD', commandOffset: 9n }));
    expect(codes()).toEqual(['ACCEPTED']);
  });

  it('keeps a person’s and a robot’s of one name apart', async () => {
    const made = book();
    await pass(made, outcomeOf());
    await pass(made, outcomeOf({ actor: { ...actor, kind: 'robot' }, commandOffset: 9n }));
    expect(made.find(COMMAND_ID).map(({ actor: of }) => of?.kind)).toEqual(['user', 'robot']);
  });

  it('keeps the first outcomes of an id, however many bodies are tried under it', async () => {
    const made = book();
    const bodies = Array.from({ length: RECENT_PER_ID_MAX + 5 }, (_each, at) => at);
    for (const at of bodies) {
      await pass(made, outcomeOf({ bodyHash: Buffer.alloc(32, at), commandOffset: BigInt(at) }));
    }
    const found = made.find(COMMAND_ID);
    expect(found.map(({ commandOffset }) => Number(commandOffset))).toEqual(
      bodies.slice(0, RECENT_PER_ID_MAX),
    );
    expect(made.kept).toBe(RECENT_PER_ID_MAX);
  });

  it('finds a decision behind however many bodies under its id of which nothing was decided', async () => {
    const made = book();
    const turnedAway = { status: 'refused', code: 'TIMERS_PENDING' } as const;
    for (let at = 0; at < RECENT_PER_ID_MAX + 2; at++) {
      await pass(made, outcomeOf({ ...turnedAway, bodyHash: Buffer.alloc(32, at) }));
    }
    await pass(made, outcomeOf({ bodyHash: Buffer.alloc(32, 99), commandOffset: 99n }));
    const found = made.find(COMMAND_ID).filter(({ code }) => code === 'ACCEPTED');
    expect(found.map(({ commandOffset }) => commandOffset)).toEqual([99n]);
    expect(made.kept).toBe(RECENT_PER_ID_MAX);
  });

  it('forgets the oldest ids, counted by their outcomes', async () => {
    // Decoding is not what is tested here, and 20,000 of them take a second.
    let next = 0;
    const decode = (): Promise<{ type: 'CommandOutcome'; value: CommandOutcome }> => {
      const id = `id-${Math.floor(next / 2)}`;
      const value = outcomeOf({ commandId: id, bodyHash: Buffer.alloc(32, next % 2) });
      next++;
      return Promise.resolve({ type: 'CommandOutcome', value });
    };
    const made = new OutcomeBook({ decode }, createLogger('test', 'silent'));
    for (let count = 0; count < RECENT_MAX + 2; count++) await made.onRecord(emptyRecord);
    expect(made.kept).toBeLessThanOrEqual(RECENT_MAX);
    expect(made.find('id-0')).toEqual([]);
    expect(made.find('id-1')).toHaveLength(2);
  });

  it('lets nobody wait long once it has released who waited', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const made = book();
    await made.releaseAfter(0);
    const late = made.await(waited, 60_000);
    vi.advanceTimersByTime(1_000);
    expect(await late.outcome).toBeNull();
    expect(made.waiting).toBe(0);
  });

  it('frees the place of a caller that went', async () => {
    const made = book();
    const mine = made.await(waited, 60_000);
    mine.cancel();
    expect(await mine.outcome).toBeNull();
    expect(made.waiting).toBe(0);
  });
});
