import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from '../commandError.ts';
import { colours } from '../output/colours.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import type { Json } from '../plan/json.ts';
import { answer, tell } from '../print.ts';
import { connected } from './connected.ts';
import { quotaDiffLines, quotaDiffs } from './quotaDiff.ts';
import type { QuotaDiff } from './quotaDiff.ts';

export interface WatchOptions extends OutputOptions {
  readonly every: string;
}

/** Seconds between two looks: each reads all that is watched. */
const EVERY_MIN_S = 1;
const EVERY_MAX_S = 3_600;

/**
 * Tells what changes at and below a place, until Ctrl-C: it looks every few seconds, so that what changes
 * twice in between is told once. With -o json one object a change, a line each.
 */
export async function watch(place: string, options: WatchOptions): Promise<number> {
  const everyS = Number(options.every);
  if (!(everyS >= EVERY_MIN_S && everyS <= EVERY_MAX_S)) {
    throw new CommandError(`--every must be ${EVERY_MIN_S} to ${EVERY_MAX_S} seconds`, 2);
  }
  const client = await connected();
  const read = (): Promise<readonly Json[]> =>
    client.all('/v1/quotas', 'quotas', { within: place });
  let before = await read();
  tell(
    `${before.length} quotas at and below ${place}, looked at every ${everyS} s; Ctrl-C ends it`,
  );
  for (;;) {
    await delay(everyS * 1_000);
    const after = await read();
    for (const each of quotaDiffs(before, after)) print(each, options);
    before = after;
  }
}

function print(changed: QuotaDiff, { output }: WatchOptions): void {
  const at = new Date().toISOString();
  if (output !== 'table') {
    answer(JSON.stringify({ at, ...changed }));
    return;
  }
  const [first = '', ...rest] = quotaDiffLines(changed);
  for (const line of [`${colours.dim(at)} ${first}`, ...rest]) answer(line);
}
