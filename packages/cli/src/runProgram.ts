import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { guardProcess, isInTerminalsForeground } from '@prorata/infra';

export interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly workingDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** After which it is asked to end, and made to end if it does not, milliseconds. */
  readonly limitMs?: number;
}

/** Servers that a program has started take seconds to stop. */
const GRACE_MS = 20_000;

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Ending = (typeof endings)[number];

/**
 * Decides what becomes of a signal. In a terminal's foreground, Ctrl-C and the terminal's end reach
 * the program by themselves, and passing the first on would ask it twice: it takes a second for
 * impatience. A signal that somebody sent to this process alone is passed on when it comes again.
 */
function passOnWith(send: (signal: Ending) => void, terminal: boolean): (signal: Ending) => void {
  let leaveToTerminal = terminal;
  return (signal) => {
    if (leaveToTerminal && signal !== 'SIGTERM') leaveToTerminal = false;
    else send(signal);
  };
}

/**
 * Runs a program and returns its exit code, 128 and the signal's number when a signal ended it; we
 * wait for what it makes of a Ctrl-C. Without a terminal it gets a process group of its own, so that
 * what we are told reaches the programs that it runs too, once, and none outlives us.
 */
export function runProgram(program: Program): Promise<number> {
  const terminal = isInTerminalsForeground();
  let send: (signal: Ending | 'SIGKILL') => void = () => undefined;
  const passOn = passOnWith((signal) => send(signal), terminal);
  // Before there is a program: a signal in between would end us and leave the program alone.
  for (const signal of endings) process.on(signal, passOn);
  const child = spawn(program.command, program.arguments, {
    stdio: 'inherit',
    cwd: program.workingDirectory,
    env: { ...process.env, ...program.environment },
    detached: !terminal,
  });
  const { pid } = child;
  send = (signal) => {
    if (terminal || pid === undefined) child.kill(signal);
    else signalGroup(pid, signal);
  };
  const calm = program.limitMs === undefined ? noLimit : endAfter(program.limitMs, send);
  const guard = terminal || pid === undefined ? undefined : guardProcess(-pid, 'SIGTERM');
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  return ended.finally(() => {
    calm();
    guard?.kill('SIGKILL');
    for (const signal of endings) process.off(signal, passOn);
  });
}

const noLimit = (): void => undefined;

/** Asks for the end after the limit, and then insists; returns what calls that off. */
function endAfter(limitMs: number, send: (signal: 'SIGTERM' | 'SIGKILL') => void): () => void {
  const asking = setTimeout(() => send('SIGTERM'), limitMs);
  const insisting = setTimeout(() => send('SIGKILL'), limitMs + GRACE_MS);
  return () => {
    clearTimeout(asking);
    clearTimeout(insisting);
  };
}

function signalGroup(leader: number, signal: Ending | 'SIGKILL'): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // The last of them ended between the signal and here.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
