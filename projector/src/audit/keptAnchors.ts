import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { AnchorKeys } from './anchorKeys.ts';
import { anchorFromLine, AnchorUnreadable, isHashText, isVersionText } from './anchorLine.ts';
import type { ExportedAnchor } from './anchorLine.ts';

/** As the exporter names its files. */
const EXPORTED = /^anchors-\d{1,5}\.ndjson$/;
const EXPORTED_BEGINNING = '{"partition":';

/** What the newest exported anchor of a partition covers. */
export interface NewestAnchor {
  readonly version: bigint;
  readonly events: bigint;
  /** When it was made, microseconds. */
  readonly at: bigint;
}

/**
 * What an auditor keeps apart from the log: exported anchors, or the heads that `audit anchor` wrote.
 * Memory: some 200 bytes a head.
 */
export class KeptAnchors {
  /** Hashes by stream and version. */
  readonly #heads = new Map<string, Map<bigint, string>>();
  readonly #last = new Map<string, bigint>();
  readonly #newest = new Map<number, NewestAnchor>();

  /** Each stream with the last version that is known of it. */
  get last(): ReadonlyMap<string, bigint> {
    return this.#last;
  }

  get isEmpty(): boolean {
    return this.#last.size === 0;
  }

  /** null: no anchor of the partition was exported. */
  newest(partition: number): NewestAnchor | null {
    return this.#newest.get(partition) ?? null;
  }

  hashOf(stream: string, version: bigint): string | null {
    return this.#heads.get(stream)?.get(version) ?? null;
  }

  /** @throws AnchorUnreadable when another hash is known */
  add(stream: string, version: bigint, hash: string): void {
    const versions = this.#heads.get(stream) ?? new Map<bigint, string>();
    this.#heads.set(stream, versions);
    const known = versions.get(version);
    if (known !== undefined && known !== hash) {
      throw new AnchorUnreadable(`${stream} has two hashes at version ${version}.`);
    }
    versions.set(version, hash);
    const last = this.#last.get(stream) ?? 0n;
    if (version > last) this.#last.set(stream, version);
  }

  /** @throws AnchorUnreadable */
  addAnchor({ partition, own, heads, events, decidedAt }: ExportedAnchor): void {
    for (const { stream, version, hash } of [...heads, own]) this.add(stream, version, hash);
    const newest = this.#newest.get(partition);
    if (newest !== undefined && newest.version >= own.version) return;
    this.#newest.set(partition, { version: own.version, events, at: decidedAt });
  }
}

/** Writes the heads of all streams, for keeping where nobody who can write the log can write. */
export async function writeHeads(
  file: string,
  heads: ReadonlyMap<string, { readonly version: bigint; readonly hash: string }>,
): Promise<void> {
  const streams = Object.fromEntries(
    [...heads]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([stream, { version, hash }]) => [stream, { streamVersion: version.toString(), hash }]),
  );
  await writeFile(`${file}.part`, `${JSON.stringify({ streams }, null, 2)}\n`, { flush: true });
  await rename(`${file}.part`, file);
}

/**
 * A file of exported anchors, a line each, a folder of such files, or a file that `writeHeads` wrote.
 * @param keys null: signatures are not looked at
 * @throws AnchorUnreadable
 */
export async function readAnchors(place: string, keys: AnchorKeys | null): Promise<KeptAnchors> {
  const anchors = new KeptAnchors();
  if ((await stat(place)).isDirectory()) {
    const names = (await readdir(place)).filter((name) => EXPORTED.test(name)).sort();
    for (const name of names) await addLines(anchors, path.join(place, name), keys);
  } else if (await isExported(place)) await addLines(anchors, place, keys);
  else addHeads(anchors, await readFile(place, 'utf8'));
  if (anchors.isEmpty) throw new AnchorUnreadable('There is no anchor in it: it is empty.');
  return anchors;
}

/** Whether it begins as a line of an exported anchor does. */
async function isExported(file: string): Promise<boolean> {
  const beginning = createReadStream(file, { end: EXPORTED_BEGINNING.length - 1 });
  let text = '';
  for await (const chunk of beginning) text += String(chunk);
  return text === EXPORTED_BEGINNING;
}

async function addLines(
  anchors: KeptAnchors,
  file: string,
  keys: AnchorKeys | null,
): Promise<void> {
  const input = createReadStream(file, 'utf8');
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      if (text === '') continue;
      const anchor = anchorFromLine(text, line);
      const problem = keys?.problemOf(anchor.keyId, anchor.signedBytes, anchor.signature) ?? null;
      if (problem !== null) throw new AnchorUnreadable(`Line ${line}: ${problem}.`);
      anchors.addAnchor(anchor);
    }
  } finally {
    input.destroy();
  }
}

function addHeads(anchors: KeptAnchors, text: string): void {
  for (const [stream, entry] of Object.entries(streamsIn(text))) {
    const { streamVersion, hash } = entry as Readonly<Record<string, unknown>>;
    if (!isVersionText(streamVersion) || !isHashText(hash)) {
      throw new AnchorUnreadable(`The anchor of ${stream} is none.`);
    }
    anchors.add(stream, BigInt(streamVersion), hash);
  }
}

function streamsIn(text: string): Readonly<Record<string, object>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AnchorUnreadable('The anchor file is no JSON.', { cause });
  }
  const streams = (json as { streams?: unknown } | null)?.streams;
  const isTable =
    typeof streams === 'object' &&
    streams !== null &&
    Object.values(streams).every((entry) => typeof entry === 'object' && entry !== null);
  if (!isTable) throw new AnchorUnreadable('The anchor file has no streams.');
  return streams as Readonly<Record<string, object>>;
}
