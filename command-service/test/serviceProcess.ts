import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { servesAny } from './runningService.ts';

/** A writer or a gateway in a process of its own, which a test can kill. */
export interface ServiceProcess {
  readonly url: string;
  /** SIGKILL: no handler runs, nothing is closed. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** How it ended, and what it had logged last. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly log: string;
  }>;
  /** Of a writer: ready, and owner of a partition. */
  isServing(): Promise<boolean>;
}

const program = path.join(import.meta.dirname, '..', 'src', 'main.ts');
const START_MS_MAX = 30_000;

export async function startServiceProcess(
  role: 'gateway' | 'writer',
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...nodeArgs, program, '--role', role, ...args], {
    env: { ...process.env, ...environment, PRORATA_LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  child.stdout.on('data', (part: Buffer) => {
    log = (log + part.toString()).slice(-20_000);
  });
  const ended = new Promise<Awaited<ServiceProcess['ended']>>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, log })),
  );
  const url = await listeningUrl(child);
  return {
    url,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    signal: (signal) => void child.kill(signal),
    ended,
    isServing: () => servesAny(url),
  };
}

/** The process says in its log where it listens. */
function listeningUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The process did not start: ${text}`));
    }, START_MS_MAX);
    child.stdout?.on('data', (part: Buffer) => {
      text = (text + part.toString()).slice(-20_000);
      const url = /"url":"([^"]+)"/.exec(text)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    });
  });
}
