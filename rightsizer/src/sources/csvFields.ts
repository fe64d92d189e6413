const QUOTE = '"';

/**
 * The cells of one line, as RFC 4180 has them but for one thing: a cell ends with its line. A line
 * whose quotes do not close is broken, and the next one is read as if nothing had happened.
 * @returns null when it is broken
 */
export function csvFields(line: string, separator: string): string[] | null {
  if (!line.includes(QUOTE)) return line.split(separator);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const cell = line[at] === QUOTE ? quotedCell(line, at) : plainCell(line, at, separator);
    if (cell === null) return null;
    fields.push(cell.text);
    if (cell.end === line.length) return fields;
    if (line[cell.end] !== separator) return null;
    at = cell.end + 1;
  }
}

interface Cell {
  readonly text: string;
  /** Where the separator stands, or the line ends. */
  readonly end: number;
}

function plainCell(line: string, from: number, separator: string): Cell | null {
  const found = line.indexOf(separator, from);
  const end = found === -1 ? line.length : found;
  const text = line.slice(from, end);
  return text.includes(QUOTE) ? null : { text, end };
}

function quotedCell(line: string, from: number): Cell | null {
  let at = from + 1;
  for (;;) {
    const quote = line.indexOf(QUOTE, at);
    if (quote === -1) return null;
    if (line[quote + 1] !== QUOTE) {
      return { text: line.slice(from + 1, quote).replaceAll('""', QUOTE), end: quote + 1 };
    }
    at = quote + 2;
  }
}
