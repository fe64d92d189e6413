import type { Tree } from './tree.ts';

/**
 * The plainest part of YAML: blocks of `key: value` and of `- key: value`, values plain or in double quotes. That is
 * how our own texts are written, and a reader of all of YAML takes a second for ten thousand queues.
 * @returns null for a text with anything else in it, however well it may be written
 */
export function plainBlocks(text: string): Tree | null {
  const lines = linesOf(text);
  if (lines === null || lines.length === 0) return null;
  const reading = { lines, next: 0 };
  const tree = blockAt(reading, 0);
  return reading.next === lines.length ? tree : null;
}

interface Line {
  /** Spaces before it, those that stand for a dash included. */
  readonly indent: number;
  /** Of its dash, where it begins an item. */
  readonly dash: number | null;
  readonly key: string;
  /** null: what is below it. */
  readonly value: (Tree & { readonly kind: 'value' }) | null;
}

interface Reading {
  readonly lines: readonly Line[];
  next: number;
}

const LINE = /^( *)(- )?([A-Za-z][A-Za-z0-9._/-]*):(?: (.*))?$/;
/** Letters and digits first: what else YAML gives a meaning to, it gives it to a first character or to a mark. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;
const QUOTED = /^"[\x20\x21\x23-\x5b\x5d-\x7e]*"$/;

function linesOf(text: string): readonly Line[] | null {
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, spaces = '', dash, key, value] = LINE.exec(line) ?? [];
    if (key === undefined) return null;
    const read = value === undefined ? null : valueOf(value);
    if (read === undefined) return null;
    const isItem = dash !== undefined;
    lines.push({
      indent: spaces.length + (isItem ? 2 : 0),
      dash: isItem ? spaces.length : null,
      key,
      value: read,
    });
  }
  return lines;
}

function valueOf(text: string): (Tree & { readonly kind: 'value' }) | undefined {
  if (PLAIN.test(text)) return { kind: 'value', text, isPlain: true };
  if (QUOTED.test(text)) return { kind: 'value', text: text.slice(1, -1), isPlain: false };
  return undefined;
}

function blockAt(reading: Reading, indent: number): Tree | null {
  const first = reading.lines[reading.next];
  return first?.dash === indent ? listAt(reading, indent) : mapAt(reading, indent);
}

function listAt(reading: Reading, indent: number): Tree | null {
  const items: Tree[] = [];
  while (reading.lines[reading.next]?.dash === indent) {
    const item = mapAt(reading, indent + 2);
    if (item === null) return null;
    items.push(item);
  }
  return { kind: 'list', items };
}

function mapAt(reading: Reading, indent: number): Tree | null {
  const entries: [string, Tree][] = [];
  const keys = new Set<string>();
  for (;;) {
    const line = reading.lines[reading.next];
    const isOf = line?.indent === indent && (line.dash === null || entries.length === 0);
    if (line === undefined || !isOf) break;
    reading.next++;
    const below = reading.lines[reading.next];
    const isBelow = below !== undefined && (below.dash ?? below.indent) > indent;
    // A value that goes on below it, or none at all: for a reader of all of YAML.
    if (keys.has(line.key) || isBelow !== (line.value === null)) return null;
    keys.add(line.key);
    const value = line.value ?? blockAt(reading, below?.dash ?? below?.indent ?? 0);
    if (value === null) return null;
    entries.push([line.key, value]);
  }
  return entries.length === 0 ? null : { kind: 'map', entries };
}
