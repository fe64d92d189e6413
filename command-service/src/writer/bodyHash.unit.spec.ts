import { describe, expect, it } from 'vitest';
import type { CommandMessage } from '@prorata/schemas';
import { commandOf } from '../testing/outcomes.ts';
import { bodyHash, formerBodyHash } from './bodyHash.ts';

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

  it('says nothing of fields that hold their defaults, so that a schema may gain some', () => {
    // Made when the schema had been this one: a change of this line refuses repetitions of commands in flight.
    expect(hex(commandOf())).toBe(
      '286b05edff6533599261178aae35886d134c0252a99c72142cec7d7d743ef68d',
    );
  });

  it('differs from the former one, which told of every field', () => {
    expect(formerBodyHash(commandOf()).toString('hex')).not.toBe(hex(commandOf()));
  });
});
