import { describe, expect, it } from 'vitest';
import { readArguments } from './readArguments.ts';

describe('the arguments', () => {
  it('say the role, and what differs from the presets', () => {
    const args = ['--role', 'writer', '--session-timeout-ms', '6000', '--stall-ms', '9000'];
    expect(readArguments(args)).toEqual({
      role: 'writer',
      options: { sessionTimeoutMs: 6_000, stallMs: 9_000 },
    });
  });

  it.each([
    [[]],
    [['--role', 'reader']],
    [['--role', 'writer', '--session-timeout-ms', '0']],
    [['--role', 'writer', '--fast']],
  ])('%j are refused', (args) => {
    expect(() => readArguments(args)).toThrow(TypeError);
  });
});
