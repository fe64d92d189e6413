import { UsageError } from '@prorata/service-runtime';
import { answerForms, answerLines } from '../query/answerText.ts';
import { runQuery } from '../query/runQuery.ts';
import { withQueryConnection } from './usagePlace.ts';

export interface QueryWords {
  readonly 'as-of'?: string | undefined;
  readonly output?: string | undefined;
  readonly limit?: string | undefined;
  readonly timeout?: string | undefined;
}

/** Rows printed unless told. */
const ROWS_PRESET = 1_000;
const ROWS_MAX = 1_000_000;
const SECONDS_PRESET = 60;
const SECONDS_MAX = 3_600;

/** One SELECT over `usage` and `quarantine` of one version. */
export async function queryCommand(words: readonly string[], options: QueryWords): Promise<number> {
  const [sql, ...more] = words;
  if (sql === undefined || more.length > 0) {
    throw new UsageError('One query, as one word: "SELECT … FROM usage".');
  }
  const form = answerForms.find((each) => each === (options.output ?? 'table'));
  if (form === undefined) throw new UsageError(`--output is one of ${answerForms.join(', ')}.`);
  const limits = {
    rowsMax: wholeNumber('--limit', options.limit, ROWS_PRESET, ROWS_MAX),
    timeoutMs: wholeNumber('--timeout', options.timeout, SECONDS_PRESET, SECONDS_MAX) * 1_000,
  };
  const answer = await withQueryConnection(options['as-of'] ?? null, (connection) =>
    runQuery(connection, sql, limits),
  );
  for (const line of answerLines(answer, form)) process.stdout.write(`${line}\n`);
  if (answer.isCut) {
    process.stderr.write(`The first ${limits.rowsMax} rows; --limit gives more.\n`);
  }
  return 0;
}

export function wholeNumber(
  option: string,
  text: string | undefined,
  preset: number,
  max: number,
): number {
  if (text === undefined) return preset;
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= 1 && number <= max) return number;
  throw new UsageError(`${option} is a whole number from 1 to ${max}.`);
}
