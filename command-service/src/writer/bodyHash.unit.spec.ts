import { describe, expect, it } from 'vitest';
import type { CommandMessage } from '@prorata/schemas';
import { commandOf } from '../testing/outcomes.ts';
import { bodyHash } from './bodyHash.ts';

const hex = (command: CommandMessage): string => bodyHash(command).toString('hex');

describe("a command's body hash", () => {
  it('is the same for a second try at another time with other roles', () => {
    const again = commandOf({ submittedAt: 9_000_000n, roles: ['admin'] });
    expect(hex(again)).toBe(hex(commandOf()));
  });

  it.each([
    ['another field', commandOf({}, 'moka/b')],
    ['another reason', commandOf({ reason: 'another' })],
    ['another expected version', commandOf({ expectedVersion: 4n })],
    ['a dry run', commandOf({ dryRun: true })],
    ['another type', { ...commandOf(), type: 'LiftOverride' } as CommandMessage],
  ])('differs for %s', (_what, other) => {
    expect(hex(other)).not.toBe(hex(commandOf()));
  });
});
