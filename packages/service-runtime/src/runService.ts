import { SettingsError } from './environment.ts';
import { createLogger } from './logger.ts';

export interface RunningService {
  /** Rejects when the service can no longer do its work: the process then ends with 1. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** A clean stop takes less; a hung one must not keep a successor waiting, milliseconds. */
const STOP_MS_MAX = 20_000;

/**
 * The life of a service's process: SIGTERM and SIGINT stop it cleanly (exit 0; at once at the second
 * signal), a fault ends it with 1, and whoever started it starts it again.
 */
export function runService(
  name: string,
  start: (abort: AbortSignal) => Promise<RunningService>,
): void {
  const logger = createLogger(name, 'info');
  const abort = new AbortController();
  const fault = (error: unknown): void => {
    if (error instanceof SettingsError) logger.fatal({ problems: error.problems }, error.message);
    else logger.fatal({ err: error }, 'The service has failed and ends.');
    process.exit(1);
  };
  process.on('uncaughtException', fault);
  process.on('unhandledRejection', fault);
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (abort.signal.aborted) process.exit(1);
        abort.abort();
        resolve();
      });
    }
  });
  live(start, abort.signal, signalled).then(() => process.exit(0), fault);
}

async function live(
  start: (abort: AbortSignal) => Promise<RunningService>,
  abort: AbortSignal,
  signalled: Promise<void>,
): Promise<void> {
  const starting = start(abort);
  // A signal during a long start does not wait for the start to end.
  const service = await Promise.race([starting, signalled.then(() => null)]);
  if (service === null) {
    const started = await within(starting, STOP_MS_MAX).catch(() => null);
    if (started !== null) await within(started.stop(), STOP_MS_MAX);
    return;
  }
  try {
    await Promise.race([service.finished, signalled]);
  } catch (error) {
    await within(service.stop(), STOP_MS_MAX).catch(() => undefined);
    throw error;
  }
  await within(service.stop(), STOP_MS_MAX);
}

function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The service did not stop within ${limitMs} ms.`)),
      limitMs,
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
