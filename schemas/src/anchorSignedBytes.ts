import { canonicalBytes } from './canonical.ts';
import { fullNameOf } from './generated/messages.ts';
import { selfContained } from './schemaFiles.ts';
import type { SchemaJson } from './schemaFiles.ts';

/** Set apart from whatever else the key may ever sign. */
const PURPOSE = Buffer.from('prorata anchor 1\n');
const UNSIGNED = Buffer.alloc(0);

/**
 * What the signature of a `HeadsAnchored` is over: its canonical bytes with an empty signature, so the
 * envelope with the hash of the anchor before is covered, too.
 * @param value in the fields of `schema`
 * @param schema the one that wrote the record; absent: ours
 */
export function anchorSignedBytes(
  value: object,
  schema: SchemaJson = selfContained(fullNameOf.HeadsAnchored),
): Buffer {
  return Buffer.concat([PURPOSE, canonicalBytes(schema, { ...value, signature: UNSIGNED })]);
}
