import { isQuotaId, isSegment } from '@prorata/quota-model';
import { timeFromJson } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import { printJson, UsageError } from '@prorata/service-runtime';
import { exportFile, exportFormats } from './exportFile.ts';
import type { ExportFormat, ExportOrder, OpenLog } from './exportFile.ts';
import { exportKinds } from './exportFilter.ts';
import type { ExportKinds } from './exportFilter.ts';

/** What the command line says; all of it text. */
export interface ExportValues {
  readonly to?: string | undefined;
  readonly format?: string | undefined;
  readonly what?: string | undefined;
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly stream?: string | undefined;
  readonly quota?: string | undefined;
  readonly within?: string | undefined;
  readonly actor?: string | undefined;
}

/** Exit code: there are records that cannot be read; the file has them as such. */
const UNREADABLE = 1;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @throws UsageError when the words make no sense */
export function exportOrder(values: ExportValues): ExportOrder {
  const { to: file } = values;
  if (file === undefined || file === '') throw new UsageError('--to FILE is missing.');
  if (timeFromJson(file) !== null) {
    throw new UsageError('--to names the file; the end of the time is --until.');
  }
  return {
    file,
    format: formatOf(file, values.format),
    question: {
      what: kindsIn(values.what),
      from: timeIn('--from', values.from),
      until: timeIn('--until', values.until),
      stream: values.stream ?? null,
      quota: placeIn('--quota', values.quota, isQuotaId),
      within: placeIn('--within', values.within, (id) => isQuotaId(id) || isSegment(id)),
      actor: values.actor ?? null,
    },
  };
}

/** Prints what was exported, as one line of JSON. @returns the exit code */
export async function exportCommand(
  order: ExportOrder,
  codec: Codec,
  openLog: OpenLog,
): Promise<number> {
  const exported = await exportFile(order, codec, openLog);
  printJson(exported);
  if (exported.records === 0) process.stderr.write('Nothing in the log is what was asked for.\n');
  return exported.unreadable > 0 ? UNREADABLE : 0;
}

function formatOf(file: string, given: string | undefined): ExportFormat {
  if (given === undefined) return file.endsWith('.parquet') ? 'parquet' : 'ndjson';
  const format = exportFormats.find((each) => each === given);
  if (format === undefined) throw new UsageError(`--format is one of ${exportFormats.join(', ')}.`);
  return format;
}

function kindsIn(given: string | undefined): readonly ExportKinds[] | null {
  if (given === undefined) return null;
  return given.split(',').map((word) => {
    const kind = exportKinds.find((each) => each === word.trim());
    if (kind === undefined) {
      throw new UsageError(`--what is of ${exportKinds.join(', ')}, with commas between.`);
    }
    return kind;
  });
}

function timeIn(option: string, given: string | undefined): bigint | null {
  if (given === undefined) return null;
  // A day alone is its beginning, in UTC.
  const time = timeFromJson(DAY.test(given) ? `${given}T00:00:00Z` : given);
  if (time === null)
    throw new UsageError(`${option} must be a day or an RFC 3339 time, not ${given}.`);
  return time;
}

function placeIn(
  option: string,
  given: string | undefined,
  isPlace: (id: string) => boolean,
): string | null {
  if (given === undefined || isPlace(given)) return given ?? null;
  throw new UsageError(`${option} must be an id such as moka/prod, not ${given}.`);
}
