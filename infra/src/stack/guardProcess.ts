import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Ends the target when its standard input closes, and that happens when the process that started
 * it has gone for whatever reason. The second signal is for one that hangs on the first.
 */
const guardScript =
  'read -r _; kill -s "$2" -- "$1" || exit 0; n=0; ' +
  'while kill -0 -- "$1" && [ $n -lt 80 ]; do sleep 0.1; n=$((n+1)); done; kill -s KILL -- "$1"';

/**
 * Watches over a process for as long as this process lives, and ends it when this one has gone, even
 * by SIGKILL. Kill the guard to let the process live on.
 * @param target a pid, or a process group's as a negative number.
 */
export function guardProcess(target: number, signal: NodeJS.Signals): ChildProcess {
  const child = spawn(
    'sh',
    ['-c', guardScript, 'guard', String(target), signal.replace('SIG', '')],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  child.unref();
  // A pipe that waits for nothing must not keep this process from ending.
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}
