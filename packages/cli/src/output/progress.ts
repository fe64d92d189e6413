import { tell } from '../print.ts';

/** Whoever waits longer than this is told for what, milliseconds. */
const SILENCE_MS = 1_000;
/** Where lines stay (a log), one is written so often, milliseconds. */
const LOG_INTERVAL_MS = 10_000;

/** Says on stderr what is going on, once it takes more than a second: one line that is rewritten on a terminal. */
export class Progress {
  readonly #startMs = performance.now();
  #what: string;
  #lastMs = 0;
  #isShown = false;
  readonly #timer: NodeJS.Timeout;

  constructor(what: string) {
    this.#what = what;
    this.#timer = setInterval(() => this.#show(), SILENCE_MS);
    this.#timer.unref();
  }

  say(what: string): void {
    this.#what = what;
  }

  /** Clears the line, so that what is printed next stands by itself. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#isShown && process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }

  #show(): void {
    const now = performance.now();
    const line = `${this.#what} … ${Math.round((now - this.#startMs) / 1_000)} s`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    else if (this.#lastMs === 0 || now - this.#lastMs >= LOG_INTERVAL_MS) tell(line);
    else return;
    this.#lastMs = now;
    this.#isShown = true;
  }
}

/** The work's own result; what it does is told when it takes more than a second. */
export async function withProgress<T>(
  what: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress(what);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}
