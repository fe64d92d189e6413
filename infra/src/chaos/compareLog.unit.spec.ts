import type { CommandOutcome, EventMessage } from '@prorata/schemas';
import { hashOf } from '@prorata/schemas';
import { stampEvent } from '@prorata/quota-model/testing';
import { describe, expect, it } from 'vitest';
import { held } from './chaosResult.ts';
import { compareLog } from './compareLog.ts';
import type { Sent } from './load.ts';

const sentAs = (commandId: string, answer: Sent['answer']): Sent => ({
  commandId,
  quotaId: 'moka/a',
  answer,
  wasUnknown: false,
});

function chainOf(...commandIds: readonly string[]): EventMessage[] {
  let previousHash: Uint8Array = Buffer.alloc(32);
  return commandIds.map((commandId, index) => {
    const draft = { type: 'QuotaDeleted', data: {}, quotaId: 'moka/a', quotaVersion: 1n } as const;
    const streamVersion = BigInt(index + 1);
    const stamp = { stream: 'application:moka', streamVersion, commandId, previousHash };
    const event = stampEvent(draft, stamp);
    previousHash = hashOf(event);
    return event;
  });
}

const outcomeOf = (commandId: string, status: 'accepted' | 'refused'): CommandOutcome =>
  ({ commandId, status, firstOffset: null, code: status }) as CommandOutcome;

const sent = [sentAs('a', 'accepted'), sentAs('r', 'refused')];
const outcomes = [outcomeOf('a', 'accepted'), outcomeOf('r', 'refused')];

describe('what callers were told beside the log', () => {
  it('holds when each has its one outcome, and the accepted their event', () => {
    const { result, faults } = compareLog(sent, { events: chainOf('a'), outcomes });
    expect(faults).toEqual([]);
    expect(result).toEqual({
      sent: 2,
      accepted: 1,
      refused: 1,
      unknown: 0,
      inLog: 1,
      lost: 0,
      duplicated: 0,
    });
    expect(held(result)).toBe(true);
  });

  it.each([
    ['an accepted command without its event', { events: [], outcomes }, 'lost'],
    ['an answer that the log does not have', { events: [], outcomes: [] }, 'lost'],
    ['a refused command with an event', { events: chainOf('a', 'r'), outcomes }, 'lost'],
    ['an event twice', { events: chainOf('a', 'a'), outcomes }, 'duplicated'],
    [
      'a second decision',
      { events: chainOf('a'), outcomes: [...outcomes, outcomeOf('a', 'accepted')] },
      'duplicated',
    ],
    ['a gap in a stream', { events: chainOf('x', 'a').slice(1), outcomes }, 'lost'],
  ] as const)('counts %s', (_what, log, counted) => {
    const { result } = compareLog(sent, log);
    expect(result[counted]).toBeGreaterThan(0);
    expect(held(result)).toBe(false);
  });

  it('does not hold while an answer is unknown, and loses nothing by it', () => {
    const { result } = compareLog([sentAs('u', 'unknown')], { events: [], outcomes: [] });
    expect(result).toMatchObject({ unknown: 1, lost: 0, duplicated: 0 });
    expect(held(result)).toBe(false);
  });
});
