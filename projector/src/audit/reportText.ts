import { timeToJson } from '@prorata/schemas';
import { countText } from '@prorata/service-runtime';
import type { BadEvent } from './finding.ts';
import type { AuditReport } from './verifyLog.ts';

export interface Checked extends AuditReport {
  readonly signatures: 'checked' | 'not checked';
}

/** What was found, in sentences. */
export function reportText(report: Checked): string {
  const { events, streams, firstBad, anchors, signatures } = report;
  if (firstBad !== null) return sentenceOf(firstBad);
  const held = `${countText(events, 'event')} in ${countText(streams, 'stream')}: the chain holds.`;
  const hold = `${countText(anchors, 'anchor')} ${anchors === 1 ? 'holds' : 'hold'}`;
  const signed = anchors === 0 ? '' : ` ${hold}; signatures were ${signatures}.`;
  return `${held}${signed}\n${blindSentence(report)}`;
}

/** What nobody should think was checked. */
function blindSentence({ blind: { events, since } }: AuditReport): string {
  if (events === 0) return 'Blind window: none, the last anchors speak of every event.';
  const from =
    since === null ? 'that no anchor speaks of' : `after the last anchor (${timeToJson(since)})`;
  const them = events === 1 ? 'it' : 'they';
  return `Blind window: ${countText(events, 'event')} ${from}; cut off or written anew, ${them} would not be missed.`;
}

/** What is missing has no offset: then its version says which it is. */
function sentenceOf(bad: BadEvent): string {
  const { topic, partition, offset, stream, streamVersion, problem } = bad;
  const isMissing = offset === null && streamVersion !== null;
  const place = [
    `${topic}${partition === null ? '' : ` partition ${partition}`}`,
    ...(offset === null ? [] : [`offset ${offset}`]),
    ...(stream === null ? [] : [`stream ${stream}`]),
    ...(isMissing ? [`version ${streamVersion}, which is missing`] : []),
  ];
  return `First bad record: ${place.join(', ')}: ${problem}.`;
}
