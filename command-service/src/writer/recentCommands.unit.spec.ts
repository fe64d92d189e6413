import { describe, expect, it } from 'vitest';
import { actor, COMMAND_ID, commandOf, outcomeOf as anyOutcome } from '../testing/outcomes.ts';
import { AGE_MAX_MICROS, ageFault, AHEAD_MAX_MICROS } from './commandAge.ts';
import { eventIdOf } from './eventId.ts';
import {
  commandKey,
  isSameBody,
  outcomeAgain,
  RECENT_MICROS,
  RecentCommands,
  STRETCH_MICROS,
} from './recentCommands.ts';

const key = commandKey(actor, 'application:moka', COMMAND_ID);
const t0 = 1_000_000_000_000_000n;
const outcomeOf: typeof anyOutcome = (changes) => anyOutcome({ decidedAt: t0, ...changes });
const minute = 60_000_000n;
/** As `outcomeOf` has it. */
const BODY_HASH = Buffer.alloc(32, 1);
const idOf = (n: number): string => COMMAND_ID.replace(/.$/, `${n}`);

describe('the memory of recent commands', () => {
  it('gives the first outcome for 24 hours and not a microsecond longer', () => {
    const recent = new RecentCommands();
    recent.remember(outcomeOf({ decidedAt: t0 }), t0);
    expect(recent.find(key, t0 + RECENT_MICROS - 1n)?.commandOffset).toBe(7n);
    expect(recent.find(key, t0 + RECENT_MICROS)).toBeNull();
  });

  it.each([
    outcomeOf({
      streamVersion: 5n,
      eventIds: [4n, 5n].map((version) => eventIdOf('application:moka', version)),
    }),
    outcomeOf({
      eventIds: [],
      status: 'refused',
      code: 'QUOTA_UNKNOWN',
      message: 'no',
      violations: [{ code: 'QUOTA_UNKNOWN', path: '/quotaId', message: 'no' }],
    }),
    outcomeOf({
      code: 'PROPOSED',
      message: 'Waits for approval.',
      result: 'moka-p4',
      eventIds: [eventIdOf('application:moka', 3n)],
    }),
  ])('repeats the whole of an outcome ($status)', (first) => {
    const recent = new RecentCommands();
    recent.remember(first, t0);
    const found = recent.find(key, t0);
    if (found === null) throw new Error('It is forgotten.');
    expect(isSameBody(found, BODY_HASH)).toBe(true);
    expect(isSameBody(found, Buffer.alloc(32, 2))).toBe(false);
    const again = outcomeAgain(found, commandOf(), BODY_HASH, 9n);
    expect(again).toEqual({ ...first, commandOffset: 9n, firstOffset: 7n });
  });

  it.each([
    'COMMAND_ID_REUSED',
    'COMMAND_TOO_OLD',
    'COMMAND_SIGNATURE_INVALID',
    'COMMAND_MISROUTED',
    'PARTITION_FULL',
    'TIMERS_PENDING',
    'TOO_MANY_COMMANDS',
  ])('takes %s for no first outcome, before the decision and after it', (code) => {
    const recent = new RecentCommands();
    const never = outcomeOf({ code, status: 'refused', commandOffset: 9n });
    recent.remember(never, t0);
    expect(recent.size).toBe(0);
    recent.remember(outcomeOf(), t0);
    recent.remember(never, t0);
    expect(recent.find(key, t0)?.commandOffset).toBe(7n);
  });

  it('takes neither a repetition nor an answer to nobody for a first outcome', () => {
    const recent = new RecentCommands();
    recent.remember(outcomeOf({ actor: null }), t0);
    recent.remember(outcomeOf({ firstOffset: 3n }), t0);
    expect(recent.size).toBe(0);
  });

  it('tells principals and streams apart', () => {
    const recent = new RecentCommands();
    recent.remember(outcomeOf({ decidedAt: t0 }), t0);
    const other = { ...actor, subject: 'u-2' };
    expect(recent.find(commandKey(other, 'application:moka', COMMAND_ID), t0)).toBeNull();
    expect(recent.find(commandKey(actor, 'application:tidb', COMMAND_ID), t0)).toBeNull();
  });

  it('lets go of what is over, and of nothing for want of room', () => {
    const recent = new RecentCommands(2);
    for (const n of [2, 3, 4]) {
      recent.remember(outcomeOf({ commandId: idOf(n), decidedAt: t0 }), t0);
    }
    expect([recent.size, recent.isFullFor('user')]).toEqual([3, true]);
    recent.forget(t0 + RECENT_MICROS - 1n);
    expect(recent.size).toBe(3);
    recent.forget(t0 + RECENT_MICROS + STRETCH_MICROS);
    expect([recent.size, recent.isFullFor('user')]).toEqual([0, false]);
  });

  it('keeps its last tenth from robots, so that they never close the door to a person', () => {
    const recent = new RecentCommands(10);
    for (let n = 1; n <= 10; n++) {
      recent.remember(outcomeOf({ commandId: idOf(n), decidedAt: t0 }), t0);
      const isFull = (['robot', 'user', 'service'] as const).map((kind) => recent.isFullFor(kind));
      expect(isFull, `${n} of 10`).toEqual([n >= 9, n >= 10, n >= 10]);
    }
  });

  it('loses nothing to a stream whose time lies ahead, and keeps that stream no longer', () => {
    const recent = new RecentCommands();
    const ahead = { decidedAt: t0 + 30n * RECENT_MICROS, stream: 'application:ahead' };
    recent.remember(outcomeOf(ahead), t0);
    recent.remember(outcomeOf({ decidedAt: t0 }), t0);
    recent.forget(t0 + minute);
    expect(recent.find(key, t0 + minute)).not.toBeNull();
    recent.forget(t0 + RECENT_MICROS + STRETCH_MICROS);
    expect(recent.size).toBe(0);
  });

  it('keeps a command that was decided again after its day for another day', () => {
    const recent = new RecentCommands();
    const again = t0 + RECENT_MICROS;
    recent.remember(outcomeOf({ decidedAt: t0 }), t0);
    recent.remember(outcomeOf({ decidedAt: again, commandOffset: 9n }), again);
    recent.forget(again + STRETCH_MICROS);
    expect(recent.find(key, again + minute)?.commandOffset).toBe(9n);
  });
});

describe('what remembering costs', () => {
  const COUNT = 100_000;
  const commandIdAt = (n: number): string =>
    `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

  /** A day of commands, as the log of a busy partition has them. */
  function dayOf(changes: (n: number) => Parameters<typeof anyOutcome>[0]): RecentCommands {
    const recent = new RecentCommands();
    const spacing = RECENT_MICROS / BigInt(COUNT);
    for (let n = 0; n < COUNT; n++) {
      const decidedAt = t0 + BigInt(n) * spacing;
      const outcome = {
        decidedAt,
        commandId: commandIdAt(n),
        commandOffset: BigInt(n) + 1_000_000_000n,
        quotaId: `moka/production/ads/etl-${n}`,
        ...changes(n),
      };
      recent.remember(outcomeOf(outcome), decidedAt);
    }
    return recent;
  }

  it('is 150 bytes a command at most, and every one of a day is found', () => {
    const recent = dayOf(() => ({}));
    const each = recent.bytes / recent.size;
    process.stderr.write(`  ${each.toFixed(0)} bytes a command\n`);
    expect(each).toBeLessThanOrEqual(150);
    const at = t0 + RECENT_MICROS - 1n;
    for (let n = 0; n < COUNT; n += 97) {
      const found = recent.find(commandKey(actor, 'application:moka', commandIdAt(n)), at);
      expect(found?.commandOffset).toBe(BigInt(n) + 1_000_000_000n);
    }
    expect(recent.find(commandKey(actor, 'application:moka', commandIdAt(COUNT)), at)).toBeNull();
    recent.forget(t0 + 3n * RECENT_MICROS);
    expect([recent.size, recent.bytes]).toEqual([0, 0]);
  });

  it('counts a command once, however often its outcome is read', () => {
    const recent = new RecentCommands();
    for (let n = 0; n < 10; n++) recent.remember(outcomeOf({ commandOffset: 7n }), t0);
    expect(recent.size).toBe(1);
  });

  it('keeps texts of any length and letter', () => {
    const recent = new RecentCommands();
    const message = 'zu viel: ü€😀'.repeat(9_000);
    const violations = [{ code: 'X', path: '/a', message }];
    const refusal = { status: 'refused', code: 'X', message, violations } as const;
    recent.remember(outcomeOf({ ...refusal, result: 'ü', quotaId: null, quotaVersion: null }), t0);
    recent.remember(outcomeOf({ commandId: idOf(2) }), t0);
    const found = recent.find(key, t0);
    expect(found).toMatchObject({ result: 'ü', quotaId: null, quotaVersion: null });
    expect(found?.words).toEqual({ code: 'X', message, violations });
    expect(recent.find(commandKey(actor, 'application:moka', idOf(2)), t0)?.words).toBeNull();
  });
});

describe('the age of a command', () => {
  it.each<[string, bigint, string | null]>([
    ['a day less the clocks’ differences', -AGE_MAX_MICROS, null],
    ['longer', -AGE_MAX_MICROS - 1n, 'COMMAND_TOO_OLD'],
    ['a little ahead', AHEAD_MAX_MICROS, null],
    ['far ahead', AHEAD_MAX_MICROS + 1n, 'COMMAND_SIGNATURE_INVALID'],
  ])('%s', (_what, ahead, code) => {
    expect(ageFault(t0 + ahead, t0)?.code ?? null).toBe(code);
  });

  it('ends before its id is forgotten, whatever the clocks differ by', () => {
    const signedAt = t0 + AHEAD_MAX_MICROS;
    const recent = new RecentCommands();
    recent.remember(outcomeOf({ decidedAt: t0 }), t0);
    const lastLook = signedAt + AGE_MAX_MICROS;
    expect(ageFault(signedAt, lastLook)).toBeNull();
    expect(recent.find(key, lastLook + AHEAD_MAX_MICROS - 1n)).not.toBeNull();
  });
});
