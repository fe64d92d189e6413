import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { LoopCommand, PostCommand } from './commandDesk.ts';

/** As many as a gateway takes from a robot at once. */
export const BATCH_MAX = 500;

type SendBatch = (commands: readonly LoopCommand[]) => Promise<readonly CommandAnswer[]>;

interface Waiting {
  readonly command: LoopCommand;
  readonly answered: (answer: CommandAnswer) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Posts commands together that are posted at the same time, in their order, one batch after another: a
 * robot may have no more under way than one.
 */
export function inBatches(send: SendBatch): PostCommand {
  const waiting: Waiting[] = [];
  let isSending = false;

  async function sendAll(): Promise<void> {
    isSending = true;
    // Whoever posts in this turn goes along.
    await nextTurn();
    while (waiting.length > 0) await sendBatch(waiting.splice(0, BATCH_MAX));
    isSending = false;
  }
  async function sendBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ command }) => command));
      for (const [index, { answered, failed }] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) failed(new TypeError('A command of a batch got no answer.'));
        else answered(answer);
      }
    } catch (error) {
      for (const { failed } of batch) failed(error);
    }
  }
  return (command) =>
    new Promise((answered, failed) => {
      waiting.push({ command, answered, failed });
      if (!isSending) void sendAll();
    });
}
