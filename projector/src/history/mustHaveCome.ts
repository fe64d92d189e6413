import { streamOf } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';
import { lagMember } from '../routes/readModels.ts';
import type { ReadModels } from '../routes/readModels.ts';
import type { Moment } from './moment.ts';

/**
 * A version that is not there yet is no past moment: what holds now would be told as its state.
 * @throws Problem 404
 */
export async function mustHaveCome(
  { pool }: Pick<ReadModels, 'pool'>,
  application: string,
  moment: Moment,
  lag: bigint | null,
): Promise<void> {
  if (moment.kind === 'time') return;
  const stream = streamOf('application', application);
  const { rows } = await pool.query<{ stream_version: string }>(
    'SELECT stream_version FROM stream_heads WHERE stream = $1',
    [stream],
  );
  const head = BigInt(rows[0]?.stream_version ?? 0);
  if (moment.version <= head) return;
  throw new Problem(404, 'MOMENT_UNKNOWN', `${stream} is at version ${head} here.`, {
    extensions: lagMember(lag),
  });
}
