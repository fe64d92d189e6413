import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Anchors } from './chain.ts';

/** A file that is no anchor: perhaps another file, perhaps a damaged one. */
export class AnchorUnreadable extends Error {
  override readonly name = 'AnchorUnreadable';
}

const VERSION = /^[1-9]\d{0,18}$/;
const HASH = /^[0-9a-f]{64}$/;

/** Writes the heads of all streams, for keeping where nobody who can write the log can write. */
export async function writeAnchors(
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

/** @throws AnchorUnreadable */
export async function readAnchors(file: string): Promise<Anchors> {
  const json = parse(await readFile(file, 'utf8'));
  const anchors = new Map<string, { streamVersion: bigint; hash: string }>();
  for (const [stream, entry] of Object.entries(json)) {
    const { streamVersion, hash } = entry as Readonly<Record<string, unknown>>;
    const isEntry =
      typeof streamVersion === 'string' &&
      VERSION.test(streamVersion) &&
      typeof hash === 'string' &&
      HASH.test(hash);
    if (!isEntry) throw new AnchorUnreadable(`The anchor of ${stream} is none.`);
    anchors.set(stream, { streamVersion: BigInt(streamVersion), hash });
  }
  return anchors;
}

function parse(text: string): Readonly<Record<string, object>> {
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
