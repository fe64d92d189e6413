import type { DuckDBConnection } from '@duckdb/node-api';
import { longToJson, timeToJson } from '@prorata/schemas';
import { printJson } from '@prorata/service-runtime';
import { tableLines } from '../query/answerText.ts';
import { sqlText } from '../table/usageDatabase.ts';
import { wholeNumber } from './queryCommand.ts';
import { withQueryConnection } from './usagePlace.ts';

export interface QuarantineWords {
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly limit?: string | undefined;
  readonly json?: boolean | undefined;
}

const EXAMPLES_PRESET = 10;
const EXAMPLES_MAX = 1_000;
/** Of a value's beginning: enough to see which host it is. */
const VALUE_SHOWN_BYTES = 120;

interface CountOfReason {
  readonly reason: string;
  readonly records: bigint;
  /** Microseconds. */
  readonly last: bigint;
}

interface Example {
  readonly place: string;
  readonly offset: bigint;
  readonly loggedAt: bigint;
  readonly reason: string;
  readonly detail: string;
  readonly valueBytes: bigint;
  readonly value: Buffer;
}

/** What was not counted: how much for which reason, and the newest of it. */
export async function quarantineCommand(words: QuarantineWords): Promise<number> {
  const limit = wholeNumber('--limit', words.limit, EXAMPLES_PRESET, EXAMPLES_MAX);
  const where = [
    ...(words.reason === undefined ? [] : [`reason = ${sqlText(words.reason)}`]),
    ...(words.source === undefined ? [] : [`source = ${sqlText(words.source)}`]),
  ];
  const condition = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`;
  const { counts, examples } = await withQueryConnection(null, async (connection) => ({
    counts: await countsOf(connection, condition),
    examples: await examplesOf(connection, condition, limit),
  }));
  if (words.json === true) printJson(asJson(counts, examples));
  else
    for (const line of asLines(counts, examples, where.length > 0))
      process.stdout.write(`${line}\n`);
  return 0;
}

async function countsOf(connection: DuckDBConnection, where: string): Promise<CountOfReason[]> {
  const result = await connection.runAndReadAll(
    `SELECT reason, count(*), max(epoch_us(logged_at)) FROM quarantine ${where}
     GROUP BY reason ORDER BY count(*) DESC, reason`,
  );
  return result.getRows().map(([reason, records, last]) => ({
    reason: reason as string,
    records: records as bigint,
    last: last as bigint,
  }));
}

async function examplesOf(
  connection: DuckDBConnection,
  where: string,
  limit: number,
): Promise<Example[]> {
  const result = await connection.runAndReadAll(
    `SELECT source || '/' || source_partition AS place, source_offset, epoch_us(logged_at) AS logged,
       reason, detail, value_bytes, base64(value_start) AS value
     FROM quarantine ${where} ORDER BY logged_at DESC, source_offset DESC LIMIT ${limit}`,
  );
  return result.getRowObjects().map((row) => ({
    place: row['place'] as string,
    offset: row['source_offset'] as bigint,
    loggedAt: row['logged'] as bigint,
    reason: row['reason'] as string,
    detail: row['detail'] as string,
    valueBytes: row['value_bytes'] as bigint,
    value: Buffer.from(row['value'] as string, 'base64'),
  }));
}

function asLines(
  counts: readonly CountOfReason[],
  examples: readonly Example[],
  isFiltered: boolean,
): string[] {
  if (counts.length === 0) {
    return [
      isFiltered
        ? 'Nothing in quarantine is of that reason and source; ./prorata usage quarantine shows which there are.'
        : 'Nothing is in quarantine.',
    ];
  }
  return [
    ...tableLines(
      ['reason', 'records', 'last (UTC)'],
      counts.map(({ reason, records, last }) => [reason, String(records), timeToJson(last)]),
    ),
    '',
    ...tableLines(
      ['logged (UTC)', 'place', 'offset', 'reason', 'why', 'bytes', 'begins with'],
      examples.map((each) => [
        timeToJson(each.loggedAt),
        each.place,
        String(each.offset),
        each.reason,
        each.detail,
        String(each.valueBytes),
        bytesText(each.value.subarray(0, VALUE_SHOWN_BYTES)),
      ]),
    ),
  ];
}

/** Bytes of whoever sent them: what is no plain character is written as its number. */
function bytesText(bytes: Buffer): string {
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}

function asJson(counts: readonly CountOfReason[], examples: readonly Example[]): object {
  return {
    reasons: counts.map(({ reason, records, last }) => ({
      reason,
      records: longToJson(records),
      last: timeToJson(last),
    })),
    newest: examples.map(({ offset, loggedAt, valueBytes, value, ...rest }) => ({
      ...rest,
      offset: longToJson(offset),
      loggedAt: timeToJson(loggedAt),
      valueBytes: longToJson(valueBytes),
      valueBase64: value.toString('base64'),
    })),
  };
}
