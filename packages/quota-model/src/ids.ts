/**
 * Ids and streams. A segment is `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`, the form of a DNS label, so
 * that an id can name a queue, a namespace or a label in every target.
 */

/** Deeper trees do not fit the targets (a YuniKorn queue path, a Kubernetes name of its parts). */
export const SEGMENTS_MAX = 8;

/** Names that the targets keep for themselves: YuniKorn's root, default and recovery queues. */
export const RESERVED_SEGMENTS: ReadonlySet<string> = new Set(['root', 'default', 'recovery']);

const SEGMENT = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export type StreamKind = 'application' | 'organization' | 'pricebook' | 'tierpolicy';

const streamKinds: ReadonlySet<string> = new Set<StreamKind>([
  'application',
  'organization',
  'pricebook',
  'tierpolicy',
]);

export function isSegment(text: string): boolean {
  return SEGMENT.test(text);
}

/** What a segment may have at most, characters: as a DNS label. */
const SEGMENT_LENGTH_MAX = 63;
/** Of a wrong segment so much is repeated, characters: it may be as long as a body. */
const SHOWN_LENGTH_MAX = 64;

/** What is wrong with a segment, for people; null: nothing. */
export function segmentFault(text: string): string | null {
  if (isSegment(text)) return null;
  if (text === '') return 'a segment is empty';
  const shown = quoted(text);
  if (text.length > SEGMENT_LENGTH_MAX) {
    return `the segment ${shown} has ${text.length} characters, and ${SEGMENT_LENGTH_MAX} are the most`;
  }
  const foreign = /[^a-z0-9-]/u.exec(text)?.[0];
  if (foreign === undefined) return `the segment ${shown} begins or ends with a hyphen`;
  return `the segment ${shown} has ${quoted(foreign)}, and may have a-z, 0-9 and inner hyphens`;
}

/** Why a text is no quota's id in its form, for people. */
export function quotaIdFormFault(id: string): string {
  const segments = id.split('/');
  const fault = segments.map(segmentFault).find((found) => found !== null);
  const why =
    fault ?? `it names an application alone: a quota stands below it, such as ${id}/<name>`;
  return `${quoted(id)} is no quota id: ${why}.`;
}

/** A text from outside, so that it can stand in a message: bounded, and without what steers a screen. */
export function quoted(text: string): string {
  const shown = text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
  return JSON.stringify(shown);
}

/** What is wrong with a quota's id, or null. An application's id alone is no quota's id. */
export function quotaIdFault(id: string): 'form' | 'depth' | 'reserved' | null {
  const segments = id.split('/');
  if (segments.length < 2 || !segments.every(isSegment)) return 'form';
  if (segments.length > SEGMENTS_MAX) return 'depth';
  return segments.some((segment) => RESERVED_SEGMENTS.has(segment)) ? 'reserved' : null;
}

export function isQuotaId(id: string): boolean {
  return quotaIdFault(id) === null;
}

/** Who pays, as `<organization>/<project>`. */
export function isProjectId(id: string): boolean {
  const segments = id.split('/');
  return segments.length === 2 && segments.every(isSegment);
}

/** The id asked about last: one event asks about its quota again and again, and a map finds the same text faster. */
let latest = { quotaId: '', parent: '' };

/** The parent's id; of the first level the application's. */
export function parentOf(quotaId: string): string {
  if (quotaId !== latest.quotaId) {
    latest = { quotaId, parent: quotaId.slice(0, Math.max(0, quotaId.lastIndexOf('/'))) };
  }
  return latest.parent;
}

export function applicationOf(quotaId: string): string {
  const end = quotaId.indexOf('/');
  return end < 0 ? quotaId : quotaId.slice(0, end);
}

/** The quotas above, nearest first, without the application. */
export function ancestorsOf(quotaId: string): string[] {
  const ancestors: string[] = [];
  for (let id = parentOf(quotaId); id.includes('/'); id = parentOf(id)) ancestors.push(id);
  return ancestors;
}

/** Whether an id is `top`, or lies below it. */
export function isWithin(id: string, top: string): boolean {
  return id === top || id.startsWith(`${top}/`);
}

/** The id that a quota at or below `from` has once `from` is `to`. */
export function movedId(id: string, from: string, to: string): string {
  return `${to}${id.slice(from.length)}`;
}

/** null: no stream of the model. */
export function parseStream(
  stream: string,
): { readonly kind: StreamKind; readonly id: string } | null {
  const colon = stream.indexOf(':');
  const kind = stream.slice(0, Math.max(0, colon));
  const id = stream.slice(colon + 1);
  return streamKinds.has(kind) && isSegment(id) ? { kind: kind as StreamKind, id } : null;
}

export function streamOf(kind: StreamKind, id: string): string {
  return `${kind}:${id}`;
}

const ANCHOR = /^anchor:(0|[1-9]\d{0,4})$/;

/** The stream in which the writer of a partition anchors the heads of all others there; no command names it. */
export function anchorStreamOf(partition: number): string {
  return `anchor:${partition}`;
}

/** The partition that holds a stream of anchors, which no hash of its name says; null: it is another stream. */
export function anchoredPartition(stream: string): number | null {
  const digits = ANCHOR.exec(stream)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Ids sort by code unit everywhere: an order that depends on a locale would differ between hosts. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
