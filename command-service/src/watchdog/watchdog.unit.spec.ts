import { createLogger } from '@prorata/service-runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { STALLED_EXIT_CODE, startWatchdog } from './watchdog.ts';
import type { Pulse } from './watchdog.ts';

const STALL_MS = 10_000;
let stop: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function exitsOf(pulse: (seconds: number) => Pulse): number[] {
  const exits: number[] = [];
  let seconds = 0;
  stop = startWatchdog({
    name: 'test',
    logger: createLogger('test', 'silent'),
    pulses: () => [pulse(seconds)],
    stallMs: STALL_MS,
    exit: (code) => void exits.push(code),
  });
  for (; seconds < 30; seconds++) vi.advanceTimersByTime(1_000);
  return exits;
}

describe('the watchdog', () => {
  it('ends a process in which work does not move', () => {
    const exits = exitsOf(() => ({ name: 'partition 1', turns: 7, isExpected: true }));
    expect(exits[0]).toBe(STALLED_EXIT_CODE);
  });

  it.each<[string, (seconds: number) => Pulse]>([
    ['moves', (turns) => ({ name: 'partition 1', turns, isExpected: true })],
    [
      'moves slowly',
      (seconds) => ({ name: 'partition 1', turns: Math.floor(seconds / 8), isExpected: true }),
    ],
    ['is stopped on purpose', () => ({ name: 'partition 1', turns: 7, isExpected: false })],
    [
      'waits now and then',
      (seconds) => ({ name: 'partition 1', turns: 7, isExpected: seconds % 6 !== 0 }),
    ],
  ])('leaves one alone whose work %s', (_how, pulse) => {
    expect(exitsOf(pulse)).toEqual([]);
  });
});
