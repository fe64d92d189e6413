import Table from 'cli-table3';
import { colours } from './colours.ts';
import { screenText } from './screenText.ts';

/** No lines between cells: what is printed can be cut by columns, and copied. */
const bare = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
    ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
    ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** Times as the gateway writes them; they stay so, that they can be copied into `--as-of` and the like. */
const TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

/** Lines for people: heads in capitals (of times with their zone), then the rows, each column as wide as its widest cell. */
export function tableLines(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const table = new Table({
    ...bare,
    head: heads.map((head, index) => colours.dim(headText(head, index, rows))),
  });
  for (const row of rows) table.push(row.map(screenText));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

function headText(head: string, column: number, rows: readonly (readonly string[])[]): string {
  const isOfTimes = rows.some((row) => TIME.test(row[column] ?? ''));
  return `${head.toUpperCase()}${isOfTimes ? ' (UTC)' : ''}`;
}
