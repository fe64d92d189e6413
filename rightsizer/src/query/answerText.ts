import type { QueryAnswer } from './runQuery.ts';

export const answerForms = ['table', 'json', 'csv'] as const;
export type AnswerForm = (typeof answerForms)[number];

/** What a person or a program reads, line by line. */
export function answerLines(answer: QueryAnswer, form: AnswerForm): readonly string[] {
  switch (form) {
    case 'table':
      return tableLines(
        answer.columns.map(({ name }) => name),
        answer.rows.map((row) => row.map(cellText)),
      );
    case 'csv':
      return [answer.columns.map(({ name }) => name), ...answer.rows].map((row) =>
        row.map(csvCell).join(','),
      );
    case 'json':
      return answer.rows.map((row) =>
        JSON.stringify(Object.fromEntries(answer.columns.map(({ name }, at) => [name, row[at]]))),
      );
  }
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Texts come from hosts: what would steer a screen is written out, so that it can be seen. */
export function visibleText(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** Heads in capitals, then the rows, each column as wide as its widest cell. */
export function tableLines(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const lines = [heads.map((head) => head.toUpperCase()), ...rows].map((row) =>
    row.map(visibleText),
  );
  const widths = heads.map((_, at) =>
    lines.reduce((widest, line) => Math.max(widest, line[at]?.length ?? 0), 0),
  );
  return lines.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** RFC 4180. A cell that a spreadsheet would compute stays what it is: this is data, for programs. */
function csvCell(value: unknown): string {
  const text = cellText(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
