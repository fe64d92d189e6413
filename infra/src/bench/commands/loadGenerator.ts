import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { LoadOrder, LoadResult } from './loadOrder.ts';

type Answer = { readonly result: LoadResult } | { readonly fault: unknown };

/** The load process ended or failed before it had a result. */
export class LoadFailed extends Error {
  override readonly name = 'LoadFailed';
}

/** A process that bears one order at a time. It ends with its starter: its channel closes then. */
export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(path.join(import.meta.dirname, 'loadProcess.ts'), {
      serialization: 'advanced',
      execArgv: [],
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws LoadFailed */
  run(order: LoadOrder): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new LoadFailed('The load process has ended.'));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer: Answer) => {
        this.#child.off('exit', ended);
        if ('result' in answer) resolve(answer.result);
        else reject(new LoadFailed(`The load failed: ${String(answer.fault)}`));
      });
      this.#child.send(order);
    });
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
