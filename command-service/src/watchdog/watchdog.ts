import process from 'node:process';
import { Worker } from 'node:worker_threads';
import type { Logger } from '@prorata/service-runtime';
import type { BlockedLoopTask } from './blockedLoopThread.ts';

/**
 * An event loop that does not turn for so long, milliseconds. Its partitions have gone to others after
 * a session of 10 s; what is left is a process that a supervisor takes for alive.
 */
const BLOCKED_MS = 30_000;
/**
 * Work that does not move for so long, milliseconds: longer than anything that is waited for without
 * a sign (an append is over after 100 s at the most, a fence or a read sooner).
 */
const STALLED_MS = 180_000;
/** So often in each of these times it is looked. */
const LOOKS = 10;
/** How a process ends whose work does not move; one whose loop is blocked is ended by SIGKILL (137). */
export const STALLED_EXIT_CODE = 70;

/** Something that turns for as long as it is well. */
export interface Pulse {
  readonly name: string;
  /** Rises with every turn. */
  readonly turns: number;
  /** false: it is not expected to turn. */
  readonly isExpected: boolean;
}

export interface WatchdogOptions {
  readonly name: string;
  readonly logger: Logger;
  readonly pulses: () => readonly Pulse[];
  /** In place of both presets. */
  readonly stallMs?: number;
  readonly exit?: (code: number) => void;
}

/**
 * Ends this process when its event loop is blocked, or when something that should turn does not: a
 * supervisor starts a new one, which fences and restores. @returns a function that ends the watch
 */
export function startWatchdog(options: WatchdogOptions): () => void {
  const stopBeating = watchLoop(options.name, options.stallMs ?? BLOCKED_MS);
  const stopWatching = watchPulses(options, options.stallMs ?? STALLED_MS);
  return () => {
    stopBeating();
    stopWatching();
  };
}

function watchLoop(name: string, blockedMs: number): () => void {
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const counter = new Int32Array(beats);
  const lookEveryMs = blockedMs / LOOKS;
  const task: BlockedLoopTask = { beats, name, lookEveryMs, looksMax: LOOKS };
  const thread = new Worker(new URL('./blockedLoopThread.ts', import.meta.url), {
    workerData: task,
    execArgv: [],
  });
  thread.unref();
  const beating = setInterval(() => Atomics.add(counter, 0, 1), lookEveryMs / 2).unref();
  return () => {
    clearInterval(beating);
    void thread.terminate();
  };
}

function watchPulses(options: WatchdogOptions, stalledMs: number): () => void {
  const { pulses, logger, exit = (code: number) => process.exit(code) } = options;
  /** By name: the turns last seen, and how many looks ago they had changed. */
  const seen = new Map<string, { turns: number; looks: number }>();
  const look = (): void => {
    for (const { name, turns, isExpected } of pulses()) {
      const before = seen.get(name);
      const isStill = before?.turns === turns && isExpected;
      const looks = isStill ? before.looks + 1 : 0;
      seen.set(name, { turns, looks });
      if (looks < LOOKS) continue;
      logger.fatal({ stalled: name, stalledMs }, 'work has not moved; the process ends');
      exit(STALLED_EXIT_CODE);
    }
  };
  const watching = setInterval(look, stalledMs / LOOKS).unref();
  return () => clearInterval(watching);
}
