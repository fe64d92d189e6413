import { performance } from 'node:perf_hooks';
import process from 'node:process';

/** What one step showed. `held` decides the exit code; the figures are what was measured. */
export interface StepResult {
  readonly held: boolean;
  /** What was seen, in one sentence a line. */
  readonly lines: readonly string[];
  readonly figures: Readonly<Record<string, number | string | boolean>>;
}

export interface Step<Context> {
  /** The key in `--json`. */
  readonly key: string;
  readonly title: string;
  run(context: Context, progress: (line: string) => void): Promise<StepResult>;
}

/** Prints steps as they happen: on a terminal a line that moves, in a pipe plain lines. */
export class Timeline {
  readonly #startedAt = performance.now();
  readonly #out: NodeJS.WriteStream;
  readonly #moving: boolean;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
    this.#moving = out.isTTY;
  }

  line(text: string): void {
    this.#clear();
    this.#out.write(`${this.#clock()}  ${text}\n`);
  }

  /** On a terminal replaces the line before; a pipe does not see it. */
  progress(text: string): void {
    if (!this.#moving) return;
    this.#clear();
    this.#out.write(`${this.#clock()}  ${text}`.slice(0, this.#out.columns - 1));
  }

  result(title: string, result: StepResult): void {
    this.line(`${result.held ? 'held  ' : 'FAILED'}  ${title}`);
    for (const text of result.lines) this.#out.write(`                  ${text}\n`);
  }

  #clear(): void {
    if (this.#moving) this.#out.write('\r\u001b[2K');
  }

  #clock(): string {
    return `${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(6)} s`;
  }
}

/** The step's result, with a fault as a step that did not hold. */
export async function runStep<Context>(
  step: Step<Context>,
  context: Context,
  timeline: Timeline,
): Promise<StepResult> {
  timeline.progress(`${step.title} …`);
  const result = await step
    .run(context, (line) => {
      timeline.progress(line);
    })
    .catch((error: unknown) => ({ held: false, lines: [messageOf(error)], figures: {} }));
  timeline.result(step.title, result);
  return result;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
