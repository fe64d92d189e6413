import { csvFields } from './csvFields.ts';
import { jsonFields } from './jsonFields.ts';
import { assertColumns } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { mapFields } from './mapFields.ts';
import { mapSummary, summaryColumns } from './mapSummary.ts';
import { LINE_BYTES_MAX, readLines } from './readLines.ts';
import type { TextLine } from './readLines.ts';
import { SourceFault } from './sourceFault.ts';
import type { Fields } from './template.ts';
import { bad, passed } from './usageSource.ts';
import type { SourceRecord, Told, UsageSource } from './usageSource.ts';
import { isSummaryLine, yunikornSummary } from './yunikornSummary.ts';

/** Says what one line means; made anew for each reading, since the first line may name the columns. */
export type LineReader = (text: string, position: bigint) => Told;

/** A file of lines. */
export class TextSource implements UsageSource {
  readonly #file: string;
  readonly #begin: () => LineReader;

  constructor(file: string, begin: () => LineReader) {
    this.#file = file;
    this.#begin = begin;
  }

  async *read(): AsyncGenerator<readonly SourceRecord[]> {
    const reader = this.#begin();
    for await (const lines of readLines(this.#file)) {
      yield lines.map((line) => recordOf(line, reader));
    }
  }
}

function recordOf(line: TextLine, reader: LineReader): SourceRecord {
  const { number: position, bytes: raw, tooLong } = line;
  if (tooLong) {
    const detail = `a line has at most ${LINE_BYTES_MAX} bytes`;
    return { position, raw, kind: 'bad', reason: 'LINE_TOO_LONG', detail };
  }
  return { position, raw, ...reader(raw.toString('utf8'), position) };
}

const BYTE_ORDER_MARK = '\ufeff';

/** The first line names the columns. @throws SourceFault MAPPING_WRONG in reading */
export function csvReader(importId: string, mapping: Mapping, separator: string): LineReader {
  let heads: ReadonlyMap<string, number> | null = null;
  return (text, position) => {
    if (text === '') return passed;
    const cells = csvFields(heads === null ? text.replace(BYTE_ORDER_MARK, '') : text, separator);
    if (heads === null) {
      if (cells === null) throw new SourceFault('FILE_UNREADABLE', 'its first line is no CSV');
      const names = cells.map((name) => name.trim());
      assertColumns(mapping, names);
      heads = new Map(names.map((name, index) => [name, index]));
      return passed;
    }
    if (cells?.length !== heads.size) {
      const found = cells === null ? 'its quotes do not close' : `it has ${cells.length} cells`;
      return bad('LINE_UNREADABLE', `${found}, and the first line has ${heads.size}`);
    }
    const columns = heads;
    const fields: Fields = (column) => {
      const index = columns.get(column);
      return index === undefined ? undefined : (cells[index] ?? null);
    };
    return mapFields(fields, mapping, { importId, position });
  };
}

export function ndjsonReader(importId: string, mapping: Mapping): LineReader {
  return (text, position) => {
    if (text.trim() === '') return passed;
    const fields = jsonFields(text);
    if (fields === null) return bad('LINE_UNREADABLE', 'it is no JSON object');
    return mapFields(fields, mapping, { importId, position });
  };
}

/** Applications that one log tells of: their ids are kept, to count each once. */
const APPLICATIONS_MAX = 2_000_000;

/** A scheduler's log: lines that are no summary are passed over. @throws SourceFault in reading */
export function yunikornReader(mapping: Mapping): LineReader {
  assertColumns(mapping, summaryColumns);
  const seen = new Set<string>();
  return (text) => {
    if (!isSummaryLine(text)) return passed;
    const summary = yunikornSummary(text);
    if (summary === null) return bad('LINE_UNREADABLE', 'it is no summary of an application');
    const id = `${summary.manager}\n${summary.applicationId}\n${summary.submittedAt ?? ''}`;
    if (seen.has(id)) return bad('ID_REPEATED', 'an earlier line tells of this application');
    if (seen.size === APPLICATIONS_MAX) {
      throw new SourceFault('FILE_TOO_LARGE', `more than ${APPLICATIONS_MAX} applications`);
    }
    seen.add(id);
    return mapSummary(summary, mapping);
  };
}
