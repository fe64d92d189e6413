import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A process, named so that it cannot be mistaken: a pid alone may long belong to somebody else.
 * `started` is opaque; it is equal for as long as this very process lives.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

let bootId: string | undefined;

function startedOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses and may hold spaces: fields count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId}:${fields[19] ?? ''}`;
}

function startedByPs(pid: number): string | undefined {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return started.trim() === '' ? undefined : started.trim();
  } catch {
    return undefined;
  }
}

/** When the process started, or undefined when no live process has this pid. */
export function processStarted(pid: number): string | undefined {
  return process.platform === 'linux' ? startedOnLinux(pid) : startedByPs(pid);
}

export function identify(pid: number): ProcessIdentity | undefined {
  const started = processStarted(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True only while the very process that was identified lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return processStarted(identity.pid) === identity.started;
}
