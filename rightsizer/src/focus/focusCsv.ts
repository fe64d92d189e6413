import type { ChargeLine } from '../ledger/chargeLine.ts';
import { focusColumns, timeText } from './focusColumns.ts';
import type { FocusColumn, FocusValue } from './focusColumns.ts';
import type { FocusNames } from './focusNames.ts';

/** RFC 4180. */
const LINE_END = '\r\n';

/** Lines as CSV, with a head: a chunk of text a line, so that a month of any size takes no memory. */
export async function* focusCsv(
  lines: AsyncIterable<ChargeLine> | Iterable<ChargeLine>,
  names: FocusNames,
): AsyncGenerator<string> {
  yield focusColumns.map(({ name }) => name).join(',') + LINE_END;
  for await (const line of lines) {
    yield (
      focusColumns.map((column) => cell(column, column.valueOf(line, names))).join(',') + LINE_END
    );
  }
}

/** null is an empty field. */
function cell({ type }: FocusColumn, value: FocusValue): string {
  if (value === null) return '';
  if (type === 'time') return timeText(BigInt(value));
  return type === 'decimal' ? withPlaces(value) : quoted(inert(value));
}

/** `3` as `3.0`: readers that guess a column's type by its first values take it for a decimal. */
function withPlaces(decimal: string): string {
  return decimal.includes('.') ? decimal : `${decimal}.0`;
}

/** What a spreadsheet would run: OWASP's list of how a formula begins. */
const FORMULA = /^[=+\-@\t\r]/;

/** A text that begins like a formula gets an apostrophe before it. Numbers are no texts: they may begin with a minus. */
function inert(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
