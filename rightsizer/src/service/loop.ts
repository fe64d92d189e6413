export interface LoopFault {
  /** Microseconds. */
  readonly at: bigint;
  readonly message: string;
}

export interface RunningLoop {
  /** The last evaluation's fault; null when it went well, or none has ended yet. */
  readonly fault: LoopFault | null;
  /** When the last evaluation that went well began, microseconds. */
  readonly evaluatedAt: bigint | null;
  /** Resolves when the evaluation that runs is done; none follows. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly intervalMs: number;
  /** @param now microseconds */
  readonly evaluate: (now: bigint) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/**
 * One evaluation after another, never two at once. A fault is told and the next evaluation tries
 * again: a control loop that does nothing leaves every limit as it is.
 */
export function startLoop({ intervalMs, evaluate, failed }: LoopOptions): RunningLoop {
  let fault: LoopFault | null = null;
  let evaluatedAt: bigint | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();

  async function once(): Promise<void> {
    const now = BigInt(Date.now()) * 1_000n;
    try {
      await evaluate(now);
      [fault, evaluatedAt] = [null, now];
    } catch (error) {
      fault = { at: now, message: error instanceof Error ? error.message : String(error) };
      failed(error);
    }
  }
  function next(delayMs: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = once().then(() => next(intervalMs));
    }, delayMs);
  }
  next(0);
  return {
    get fault() {
      return fault;
    },
    get evaluatedAt() {
      return evaluatedAt;
    },
    async stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}
