import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './processIdentity.ts';
import type { ProcessIdentity } from './processIdentity.ts';

/** How often a leaving process is looked at, milliseconds: short beside any JVM's shutdown. */
const lookEveryMs = 25;
/** How long the kernel may take to reap after SIGKILL, milliseconds; longer means a stuck disk. */
const killWaitMs = 5_000;

export class ProcessWillNotEnd extends Error {
  override readonly name = 'ProcessWillNotEnd';
  readonly pid: number;

  constructor(pid: number) {
    super(`process ${String(pid)} is still there after SIGKILL`);
    this.pid = pid;
  }
}

/**
 * Sends a signal to this very process; does nothing when it has gone, even if its pid lives on.
 * @returns whether it was sent.
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    // It ended between the look and the signal.
    return false;
  }
}

async function gone(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const until = Date.now() + waitMs;
  while (isAlive(identity)) {
    if (Date.now() >= until) return false;
    await sleep(lookEveryMs);
  }
  return true;
}

/**
 * Asks a process to end and, when it has not after `graceMs`, ends it: a broker can hang on SIGTERM
 * while it goes on listening.
 * @throws ProcessWillNotEnd
 */
export async function stopProcess(
  identity: ProcessIdentity,
  options: { readonly signal?: NodeJS.Signals; readonly graceMs?: number } = {},
): Promise<void> {
  const { signal = 'SIGTERM', graceMs = 8_000 } = options;
  if (!signalProcess(identity, signal)) return;
  if (await gone(identity, graceMs)) return;
  signalProcess(identity, 'SIGKILL');
  if (!(await gone(identity, killWaitMs))) throw new ProcessWillNotEnd(identity.pid);
}
