/**
 * What a version of a quota is, as one text and its SHA-256: docs/reference/content-hash.md is the
 * specification. Hashes of it stand in the log, so that the form can never change: a field that a
 * content gains later is left out where it is null.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { QuotaContent, RightsizeBounds } from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import { jsonObjectOf } from '../validate/jsonObject.ts';

/** The content asked for last: a change is folded twice, on a fork and in earnest, and a hash takes some 20 µs. */
let latest: { readonly content: QuotaContent; readonly hash: string } | null = null;

/** SHA-256 of the canonical text, lower-case hex. */
export function contentHash(content: QuotaContent): string {
  if (latest?.content !== content) {
    latest = { content, hash: bytesToHex(sha256(utf8ToBytes(canonicalContent(content)))) };
  }
  return latest.hash;
}

/** JSON by RFC 8785 of the declared fields; whole numbers of 64 bits as text. */
export function canonicalContent(content: QuotaContent): string {
  const { attributes, limits, rightsizing, ...others } = content;
  const inOrder = {
    limits: byResource(limits),
    rightsizing: byResource(rightsizing).map(withoutNoPin),
  };
  const members = declaredMembers({ ...others, ...inOrder, attributes: null });
  members.push(`"attributes":${attributesText(attributes)}`);
  return `{${members.sort().join(',')}}`;
}

/** Bounds had no pins at first: where there is none, nothing is said of it. */
function withoutNoPin(bounds: RightsizeBounds): object {
  const { pinned, ...others } = bounds;
  return pinned ? bounds : others;
}

/** Texts of one JSON value are one content: a database keeps the value. */
function attributesText(attributes: string): string {
  return attributes === '{}' ? attributes : deepText(jsonObjectOf(attributes) ?? attributes);
}

/** Sorted, without what is null: it says nothing. */
function declaredMembers(record: object): string[] {
  const fields = record as Readonly<Record<string, unknown>>;
  return Object.keys(fields)
    .filter((name) => fields[name] !== null)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${declaredText(fields[name])}`);
}

/** Of what a schema gives its shape: it is a few levels deep. */
function declaredText(value: unknown): string {
  if (typeof value === 'bigint') return `"${value.toString()}"`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(declaredText).join(',')}]`;
  return `{${declaredMembers(value).join(',')}}`;
}

function byResource<T extends { readonly resource: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => byCodeUnit(a.resource, b.resource));
}

/** What is still to be written: a value, or text as it is. */
type Rest = { readonly value: unknown } | string;

/** Of attributes, which may be nested as deep as their bytes allow: so without recursion. Their nulls stay. */
function deepText(root: unknown): string {
  const rest: Rest[] = [{ value: root }];
  let text = '';
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next === 'string') text += next;
    else if (typeof next.value !== 'object' || next.value === null) {
      text += JSON.stringify(next.value);
    } else {
      // Their number may exceed what a call takes as arguments.
      for (const part of partsOf(next.value).reverse()) rest.push(part);
    }
  }
  return text;
}

/** An array or an object, opened by one level. */
function partsOf(value: object): Rest[] {
  if (Array.isArray(value)) {
    const items = value.flatMap((item, index): Rest[] => [index === 0 ? '' : ',', { value: item }]);
    return ['[', ...items, ']'];
  }
  const members = Object.entries(value)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .flatMap(([key, member], index): Rest[] => [
      `${index === 0 ? '' : ','}${JSON.stringify(key)}:`,
      { value: member },
    ]);
  return ['{', ...members, '}'];
}
