import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csvFields } from './csvFields.ts';
import { LINE_BYTES_MAX, readLines } from './readLines.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lines-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function linesOf(content: string): Promise<readonly (readonly [bigint, string, boolean])[]> {
  const file = path.join(directory, 'input');
  await writeFile(file, content);
  const lines: (readonly [bigint, string, boolean])[] = [];
  for await (const batch of readLines(file)) {
    for (const { number, bytes, tooLong } of batch) lines.push([number, bytes.toString(), tooLong]);
  }
  return lines;
}

describe('readLines', () => {
  it('counts lines from 1, empty ones and a last one without an end too', async () => {
    expect(await linesOf('a\r\n\nb')).toEqual([
      [1n, 'a', false],
      [2n, '', false],
      [3n, 'b', false],
    ]);
    expect(await linesOf('a\n')).toEqual([[1n, 'a', false]]);
    expect(await linesOf('')).toEqual([]);
  });

  it('keeps of a line that is too long its beginning, and goes on with the next', async () => {
    const lines = await linesOf(`${'x'.repeat(2 * LINE_BYTES_MAX + 5)}\nnext\n`);
    expect(lines.map(([number, text, tooLong]) => [number, text.length, tooLong])).toEqual([
      [1n, LINE_BYTES_MAX, true],
      [2n, 4, false],
    ]);
  });

  it('puts lines together across the chunks that they were read in', async () => {
    const long = 'y'.repeat(700_000);
    const lines = await linesOf(`${long}\n${long}\n${long}\n`);
    expect(lines.every(([, text]) => text === long)).toBe(true);
    expect(lines).toHaveLength(3);
  });
});

describe('csvFields', () => {
  it.each([
    ['a,b,,d', ['a', 'b', '', 'd']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""so""",', ['say "so"', '']],
    ['""', ['']],
  ])('cuts %s', (line, cells) => {
    expect(csvFields(line, ',')).toEqual(cells);
  });

  it.each(['"open,b', 'a"b,c', '"a"b,c'])('takes %s for broken', (line) => {
    expect(csvFields(line, ',')).toBeNull();
  });

  it('cuts at another separator', () => {
    expect(csvFields('a\t"b\tc"', '\t')).toEqual(['a', 'b\tc']);
  });
});
