import { CommandError } from '../commandError.ts';
import { changeText } from '../apply/changeText.ts';
import { exitCodes } from '../exitCodes.ts';
import { followFeed } from '../gateway/followFeed.ts';
import type { FedChange } from '../gateway/followFeed.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { screenText } from '../output/screenText.ts';
import { textIn } from '../plan/json.ts';
import { answer, tell } from '../print.ts';
import { connected } from './connected.ts';

export interface WatchOptions extends OutputOptions {
  readonly owner?: string;
  readonly project?: string;
  readonly type?: readonly string[];
  readonly after?: string;
  readonly count?: string;
}

/**
 * Tells of changes as they happen, without a gap when the connection is lost, until Ctrl-C or `--count`. With
 * -o json one object a line, whose `id` is what `--after` goes on from.
 */
export async function watch(place: string | undefined, options: WatchOptions): Promise<number> {
  const { owner, project, type, after = null } = options;
  let left = countOf(options.count);
  const client = await connected();
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  const query = { within: place, owner, project, type: type?.join(',') };
  await followFeed(
    client,
    { query, after, signal: stopped.signal },
    {
      changed(fed) {
        print(fed, options);
        left -= 1;
        return left > 0;
      },
      lost: (why) =>
        tell(screenText(`The connection is lost (${why}); it is made again from where it was.`)),
      found: () => tell('The connection is there again.'),
    },
  );
  return left <= 0 ? exitCodes.done.code : exitCodes.interrupted.code;
}

function countOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CommandError(`--count ${text}: a whole number from 1`, 2);
}

function print({ id, change }: FedChange, { output }: WatchOptions): void {
  if (output !== 'table') {
    answer(JSON.stringify({ id, ...change }));
    return;
  }
  const place = textIn(change, 'quotaId') || textIn(change, 'stream');
  answer(`${colours.bold(screenText(place))} ${screenText(changeText(change))}`);
}
