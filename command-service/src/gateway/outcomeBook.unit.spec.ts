import { createLogger } from '@prorata/service-runtime';
import { Codec, memoryIds } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { actor, COMMAND_ID, outcomeOf } from '../testing/outcomes.ts';
import { OutcomeBook } from './outcomeBook.ts';

const codec = new Codec(memoryIds());
const book = (): OutcomeBook => new OutcomeBook(codec, createLogger('test', 'silent'));
const waited = {
  actor,
  stream: 'application:moka',
  commandId: COMMAND_ID,
  bodyHash: Buffer.alloc(32, 1),
};

async function pass(to: OutcomeBook, outcome: CommandOutcome | null): Promise<void> {
  const value =
    outcome === null
      ? Buffer.from('garbage')
      : await codec.encode('quota.outcomes', { type: 'CommandOutcome', value: outcome });
  await to.onRecord({
    topic: 'quota.outcomes',
    partition: 0,
    offset: 0n,
    timestampMs: 0,
    key: null,
    value,
    headers: new Map(),
  });
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

  it('frees the place of a caller that went', async () => {
    const made = book();
    const mine = made.await(waited, 60_000);
    mine.cancel();
    expect(await mine.outcome).toBeNull();
    expect(made.waiting).toBe(0);
  });
});
