import { CommandError } from '../commandError.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { withProgress } from '../output/progress.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';
import { quotaDiffLines, quotaDiffs } from './quotaDiff.ts';

export interface DiffOptions extends OutputOptions {
  readonly from: string;
  readonly to?: string;
}

/** What differs of an application's quotas, or of those at and below one, between two moments. */
export async function diff(place: string, options: DiffOptions): Promise<number> {
  const client = await connected();
  const read = (asOf: string | undefined): Promise<readonly Json[]> =>
    client.all('/v1/quotas', 'quotas', { within: place, asOf });
  const [before, after] = await withProgress(`reading ${place} at both moments`, () =>
    Promise.all([read(options.from), read(options.to)]),
  );
  if (before.length === 0 && after.length === 0) {
    throw new CommandError(`There was no quota at or below ${place} at either moment.`);
  }
  const found = quotaDiffs(before, after);
  await answerAs(options.output, found, () =>
    found.length === 0 ? ['Nothing differs.'] : found.flatMap(quotaDiffLines),
  );
  return 0;
}
