import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Node } from 'yaml';
import { CommandError } from '../commandError.ts';
import type { FileFault, Place } from './place.ts';

/** A file of quotas is written by people or made by a script: 16 MiB are some 50,000 quotas. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Files of one folder. */
const FILES_MAX = 1_000;

/** One document of a file, and where its parts stand. */
export interface ReadDocument {
  readonly file: string;
  readonly value: unknown;
  /** The place of what stands at the path, or of what is nearest above it. `isKey`: of its name. */
  placeOf(path: readonly string[], isKey?: boolean): Place;
}

export interface Reading {
  readonly documents: readonly ReadDocument[];
  readonly faults: readonly FileFault[];
}

/**
 * All documents of files, and of the files of folders that end in .yaml, .yml or .json; `-` is stdin.
 * @throws CommandError when there is no such file, or it is too large
 */
export async function readDocuments(paths: readonly string[]): Promise<Reading> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  const texts = await Promise.all(files.map(textOf));
  const read = files.map((file, index) => documentsIn(file, texts[index] ?? ''));
  return {
    documents: read.flatMap(({ documents }) => documents),
    faults: read.flatMap(({ faults }) => faults),
  };
}

async function filesAt(given: string): Promise<readonly string[]> {
  if (given === '-') return [given];
  const found = await stat(given).catch(() => null);
  if (found === null) throw new CommandError(`There is no file or folder ${given}.`);
  if (!found.isDirectory()) return [given];
  const names = await readdir(given, { recursive: true });
  const files = names.filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (files.length === 0)
    throw new CommandError(`${given} has no file that ends in .yaml, .yml or .json.`);
  if (files.length > FILES_MAX) {
    throw new CommandError(`${given} has ${files.length} files; ${FILES_MAX} are the most.`);
  }
  return files.map((name) => path.join(given, name));
}

async function textOf(file: string): Promise<string> {
  if (file === '-') return stdin();
  const { size } = await stat(file);
  if (size > FILE_BYTES_MAX) throw tooLarge(file);
  return readFile(file, 'utf8');
}

async function stdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > FILE_BYTES_MAX) throw tooLarge('stdin');
  }
  return Buffer.concat(chunks).toString('utf8');
}

const tooLarge = (file: string): CommandError =>
  new CommandError(`${file} has more than ${FILE_BYTES_MAX} bytes: split it.`);

/** The documents of one text; what is no YAML is a fault at its place. */
export function documentsIn(file: string, text: string): Reading {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter,
    // A whole number beyond 2^53 must not lose its last digits.
    intAsBigInt: true,
    merge: true,
    prettyErrors: false,
    uniqueKeys: true,
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return {
      file: file === '-' ? 'stdin' : file,
      line: Math.max(1, line),
      column: Math.max(1, col),
    };
  };
  // Of an empty text there is an array, too, that says how it is empty.
  const all: readonly Document.Parsed[] = 'empty' in parsed ? [] : parsed;
  const faults = all.flatMap(({ errors }) =>
    errors.map(({ pos, message }) => ({ place: placeAt(pos[0]), message: `no YAML: ${message}` })),
  );
  const documents = all
    .filter(({ errors, contents }) => errors.length === 0 && contents !== null)
    .map((document) => readDocument(document, placeAt));
  return { documents: faults.length > 0 ? [] : documents, faults };
}

function readDocument(document: Document.Parsed, placeAt: (offset: number) => Place): ReadDocument {
  const start = placeAt(document.contents?.range[0] ?? 0);
  return {
    file: start.file,
    value: plain(document.toJS()),
    placeOf(path, isKey = false) {
      const offset = offsetOf(document, path, isKey);
      return offset === null ? start : placeAt(offset);
    },
  };
}

/** Of what stands there, or of the nearest above it: a missing field has no place of its own. */
function offsetOf(
  document: Document.Parsed,
  path: readonly string[],
  isKey: boolean,
): number | null {
  let node: unknown = document.contents;
  let found: number | null = null;
  for (const [index, name] of path.entries()) {
    const isLast = index === path.length - 1;
    const next = childOf(node, name);
    if (next === null) return found;
    found = startOf(isLast && isKey ? next.key : next.value) ?? startOf(next.key) ?? found;
    // What stands on lines of its own is found by its name.
    if (!isLast || isMap(next.value)) found = startOf(next.key) ?? found;
    node = next.value;
  }
  return found;
}

function childOf(
  node: unknown,
  name: string,
): { readonly key: unknown; readonly value: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    return pair === undefined || !isPair(pair) ? null : pair;
  }
  if (!isSeq(node)) return null;
  const item = node.items[Number(name)] ?? node.items.find((each) => isNamed(each, name));
  return item === undefined ? null : { key: item, value: item };
}

/** An item of a list may be found by what tells it apart, too: `limits`, `requests`. */
function isNamed(item: unknown, name: string): boolean {
  return isMap(item) && [item.get('resource'), item.get('name')].includes(name);
}

function startOf(node: unknown): number | null {
  return isNode(node) ? ((node as Node).range?.[0] ?? null) : null;
}

/** Whole numbers as JSON has them: numbers up to 2^53-1, text above. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}
