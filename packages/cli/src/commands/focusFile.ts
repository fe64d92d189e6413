import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../commandError.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { withProgress } from '../output/progress.ts';
import { answer } from '../print.ts';

/** Months of a large organization are made while they are read. */
const FILE_MS = 30 * 60_000;

/** @throws CommandError (exit 2) for a name that says neither */
export function formatOf(file: string): 'csv' | 'parquet' {
  const ending = path.extname(file).slice(1);
  if (ending === 'csv' || ending === 'parquet') return ending;
  throw new CommandError(`${file}: name it costs.csv or costs.parquet`, 2);
}

/** Writes costs in the columns of FOCUS. Under its name the file is whole: it is written beside and renamed. */
export async function focusFile(
  client: Pick<GatewayClient, 'open'>,
  query: Readonly<Record<string, string>>,
  file: string,
): Promise<number> {
  const asked = { ...query, format: formatOf(file) };
  const part = `${file}.part`;
  try {
    await withProgress(`writing ${file}`, async () => {
      const { body } = await client.open('/v1/costs', asked, {}, AbortSignal.timeout(FILE_MS));
      if (body === null) throw new CommandError('The gateway answered with nothing.');
      await pipeline(Readable.fromWeb(body), createWriteStream(part));
    });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof TypeError || error instanceof DOMException) {
      throw new CommandError(`${file} was not written: the answer broke off.`);
    }
    throw error;
  }
  answer(`${file} is written.`);
  return 0;
}
