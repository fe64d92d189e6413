import path from 'node:path';
import { startProcess } from '../../stack/startProcess.ts';
import type { RunningPart } from '../../stack/startProcess.ts';
import { READY_SIGN } from './readySign.ts';

const READY_TIMEOUT_MS = 60_000;

/** A peer's process below this folder; it ends with us. */
export function startPeer(options: {
  readonly name: string;
  /** The file and its arguments. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly signal: AbortSignal;
}): Promise<RunningPart> {
  const [file = '', ...parameters] = options.program;
  return startProcess({
    name: options.name,
    command: process.execPath,
    arguments: [path.join(import.meta.dirname, file), ...parameters],
    environment: { NODE_NO_WARNINGS: '1', ...options.environment },
    logFile: path.join(options.directory, 'logs', `${options.name}.log`),
    ready: (log) => log.includes(READY_SIGN),
    readyTimeoutMs: READY_TIMEOUT_MS,
    signal: options.signal,
  });
}
