import { setTimeout as delay } from 'node:timers/promises';
import type { LogPort } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import { followView } from '../view/followView.ts';
import type { LogView } from '../view/logView.ts';

/** Between looks at whether the log has been folded, milliseconds. */
const FOLD_PAUSE_MS = 100;

/** All that the log says now. */
export async function foldedView(
  port: LogPort,
  codec: Codec,
  topic: string,
  partitions: number,
): Promise<LogView> {
  const followed = followView(port, codec, topic, partitions);
  try {
    while (!(await Promise.race([followed.settle(), followed.finished])))
      await delay(FOLD_PAUSE_MS);
    return followed.view;
  } finally {
    await followed.stop();
  }
}
