import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProcess } from './guardProcess.ts';
import { identify } from './processIdentity.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import { signalProcess, stopProcess } from './stopProcess.ts';

/** A process of the local stack. It writes to a log file and outlives nothing that it should not. */
export interface RunningPart extends ProcessIdentity {
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>;
  /** Asks it to end, waits, and ends it when it does not. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): void;
  /** Lets it live on when this process ends. Until then it ends with this process, even by SIGKILL. */
  release(): void;
}

export interface StartOptions {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory?: string;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly logFile: string;
  /** Is asked again and again until it says yes; sees what the process has logged since its start. */
  readonly ready: (log: string) => boolean | Promise<boolean>;
  readonly readyTimeoutMs: number;
  readonly stopSignal?: NodeJS.Signals;
  readonly killSignal?: NodeJS.Signals;
  readonly graceMs?: number;
  /** Told who the process is as soon as there is one, long before it is ready. */
  readonly onSpawn?: ((identity: ProcessIdentity) => Promise<void>) | undefined;
  /** Aborting gives the start up and ends the process. */
  readonly signal?: AbortSignal | undefined;
}

/** The part ended, or stayed silent, before it was ready. `log` has its last lines. */
export class PartDidNotStart extends Error {
  override readonly name = 'PartDidNotStart';
  readonly part: string;
  readonly log: string;

  constructor(part: string, why: string, logFile: string, log: string) {
    super(`${part} did not start: ${why}. Its log is ${logFile}; its last lines:\n${log}`);
    this.part = part;
    this.log = log;
  }
}

/** Between two looks at a starting process, milliseconds: a start takes seconds, a look microseconds. */
const lookEveryMs = 30;
/** What an error quotes of a log: enough for a stack trace, little enough to read. */
const quotedLines = 25;
/** What is read of a log at most, bytes: readiness is said long before. */
const logBytesMax = 4_000_000;

function logSince(logFile: string, start: number): string {
  return readFileSync(logFile)
    .subarray(start, start + logBytesMax)
    .toString('utf8');
}

function lastLines(log: string): string {
  return log.trimEnd().split('\n').slice(-quotedLines).join('\n');
}

function launch(options: StartOptions): { child: ChildProcess; logStart: number } {
  mkdirSync(path.dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  const logStart = statSync(options.logFile).size;
  try {
    const child = spawn(options.command, options.arguments, {
      cwd: options.workingDirectory,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C is for the one who started it, who stops the parts in order.
      detached: true,
      ...(options.user ?? {}),
    });
    return { child, logStart };
  } finally {
    closeSync(log);
  }
}

async function untilReady(
  options: StartOptions,
  logStart: number,
  hasEnded: () => string | undefined,
): Promise<void> {
  const until = Date.now() + options.readyTimeoutMs;
  for (;;) {
    const log = logSince(options.logFile, logStart);
    const fail = (why: string): PartDidNotStart =>
      new PartDidNotStart(options.name, why, options.logFile, lastLines(log));
    const ended = hasEnded();
    if (ended !== undefined) throw fail(ended);
    if (options.signal?.aborted === true) throw fail('the start was given up');
    if (await options.ready(log)) return;
    if (Date.now() > until) throw fail(`not ready after ${String(options.readyTimeoutMs)} ms`);
    await sleep(lookEveryMs);
  }
}

/**
 * Starts a process and resolves once it is ready.
 * @throws PartDidNotStart, and then the process has ended.
 */
export async function startProcess(options: StartOptions): Promise<RunningPart> {
  const { child, logStart } = launch(options);
  let endedBy: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      endedBy = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      endedBy = signal === null ? `it exited with ${String(code)}` : `it was ended by ${signal}`;
      resolve();
    });
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (child.pid === undefined || identity === undefined) {
    await ended;
    const log = lastLines(logSince(options.logFile, logStart));
    throw new PartDidNotStart(options.name, endedBy ?? 'no process', options.logFile, log);
  }
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const watch = guardProcess(child.pid, stopSignal);
  const release = (): void => {
    watch.kill('SIGKILL');
    child.unref();
  };
  void ended.then(release);
  const part: RunningPart = {
    ...identity,
    ended,
    stop: () => stopProcess(identity, { signal: stopSignal, graceMs: options.graceMs ?? 8_000 }),
    kill: () => signalProcess(identity, options.killSignal ?? 'SIGKILL'),
    release,
  };
  try {
    await options.onSpawn?.(identity);
    await untilReady(options, logStart, () => endedBy);
  } catch (error) {
    await part.stop();
    throw error;
  }
  return part;
}
