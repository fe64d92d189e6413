import { describe, expect, it } from 'vitest';
import { actor, COMMAND_ID, outcomeOf } from '../testing/outcomes.ts';
import { commandKey, RECENT_MICROS, RecentCommands } from './recentCommands.ts';

const key = commandKey(actor, 'application:moka', COMMAND_ID);
const t0 = 1_000_000_000_000_000n;

describe('the memory of recent commands', () => {
  it('gives the first outcome for 24 hours and not a microsecond longer', () => {
    const recent = new RecentCommands();
    const first = outcomeOf({ decidedAt: t0 });
    recent.remember(first);
    expect(recent.find(key, t0 + RECENT_MICROS - 1n)).toBe(first);
    expect(recent.find(key, t0 + RECENT_MICROS)).toBeNull();
  });

  it('keeps the first when repetitions and reuses follow, as they do in the log', () => {
    const recent = new RecentCommands();
    const first = outcomeOf({ decidedAt: t0 });
    recent.remember(first);
    recent.remember(outcomeOf({ decidedAt: t0 + 5n, commandOffset: 8n, firstOffset: 7n }));
    recent.remember(
      outcomeOf({
        decidedAt: t0 + 6n,
        commandOffset: 9n,
        status: 'refused',
        code: 'COMMAND_ID_REUSED',
      }),
    );
    expect(recent.find(key, t0 + 10n)).toBe(first);
  });

  it('does not take a reuse, or an answer to nobody, for a first outcome', () => {
    const recent = new RecentCommands();
    recent.remember(outcomeOf({ code: 'COMMAND_ID_REUSED', status: 'refused' }));
    recent.remember(outcomeOf({ actor: null }));
    recent.remember(outcomeOf({ firstOffset: 3n }));
    expect(recent.size).toBe(0);
  });

  it('tells principals and streams apart', () => {
    const recent = new RecentCommands();
    recent.remember(outcomeOf({ decidedAt: t0 }));
    const other = { ...actor, subject: 'u-2' };
    expect(recent.find(commandKey(other, 'application:moka', COMMAND_ID), t0)).toBeNull();
    expect(recent.find(commandKey(actor, 'application:tidb', COMMAND_ID), t0)).toBeNull();
  });

  it('lets go of what is over, and says what it had to forget early', () => {
    const recent = new RecentCommands(2);
    const id = (n: number): string => COMMAND_ID.replace(/.$/, `${n}`);
    for (const n of [2, 3, 4]) recent.remember(outcomeOf({ commandId: id(n), decidedAt: t0 }));
    expect([recent.size, recent.forgottenEarly]).toEqual([2, 1]);
    recent.forget(t0 + RECENT_MICROS);
    expect([recent.size, recent.forgottenEarly]).toEqual([0, 1]);
  });

  it('is the same when folded from the log as when lived', () => {
    const lived = new RecentCommands();
    const all = [
      outcomeOf({ decidedAt: t0 }),
      outcomeOf({ decidedAt: t0, commandOffset: 8n, firstOffset: 7n }),
      outcomeOf({ decidedAt: t0 + RECENT_MICROS, commandOffset: 9n, code: 'QUOTA_UNKNOWN' }),
    ];
    for (const outcome of all) lived.remember(outcome);
    expect(lived.find(key, t0 + RECENT_MICROS)?.commandOffset).toBe(9n);
  });
});
