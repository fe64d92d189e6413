/** YAML in blocks, of maps, lists of maps and plain values: what `plainBlocks` reads, written as quickly. */

const PLAIN = /^[A-Za-z][A-Za-z0-9._/-]*$/;
/** Words that are no texts in some version of YAML. */
const WORDS = /^(true|false|null|yes|no|on|off|y|n)$/i;
const VCORES = /^[0-9]+m$/;

export function blockText(value: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  writeMap(value, '', '', lines);
  return `${lines.join('\n')}\n`;
}

/** @param first what the first line begins with instead of the indent: the dash of an item */
function writeMap(value: object, indent: string, first: string, lines: string[]): void {
  let begin = first === '' ? indent : first;
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue;
    const head = `${begin}${isPlain(key) ? key : JSON.stringify(key)}:`;
    begin = indent;
    if (typeof member !== 'object' || member === null) lines.push(`${head} ${scalar(member)}`);
    else if (isEmpty(member)) lines.push(`${head} ${Array.isArray(member) ? '[]' : '{}'}`);
    else {
      lines.push(head);
      if (Array.isArray(member)) writeList(member, `${indent}  `, lines);
      else writeMap(member, `${indent}  `, '', lines);
    }
  }
}

function writeList(items: readonly unknown[], indent: string, lines: string[]): void {
  for (const item of items) {
    const isMap = typeof item === 'object' && item !== null && !Array.isArray(item);
    if (isMap && !isEmpty(item)) writeMap(item, `${indent}  `, `${indent}- `, lines);
    // JSON is YAML, too.
    else lines.push(`${indent}- ${JSON.stringify(item)}`);
  }
}

const isEmpty = (value: object): boolean =>
  Object.values(value).every((member) => member === undefined);

const isPlain = (text: string): boolean => PLAIN.test(text) && !WORDS.test(text);

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return isPlain(value) || VCORES.test(value) ? value : JSON.stringify(value);
}
