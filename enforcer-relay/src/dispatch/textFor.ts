/** The text for a target, and every reason not to write it. */
import { checksumOf } from './checksum.ts';
import type { DispatchedSet, Format, HeldLimit, Rendered } from './dispatcher.ts';
import { licencesIn, loosenedBy } from './licences.ts';

/** A target's text; more is not written, bytes. A queue takes some 200, and an application has a million quotas at most. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/** And of no more quotas, which is told before the thread is busy with them for minutes. */
const QUOTAS_MAX = 200_000;

export type TargetText =
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly checksum: string;
      readonly notes: readonly string[];
      readonly held: readonly HeldLimit[];
    }
  | { readonly kind: 'refused'; readonly reasons: readonly [string, ...string[]] };

/** Renders, has the text checked, and reads it back: what allows more than is meant is refused, whoever made it. */
export function textFor(format: Format, set: DispatchedSet): TargetText {
  const steps = textSteps(format, set);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `textFor`, and yields between what takes the thread seconds of a large set: others may have it there. */
export function* textSteps(format: Format, set: DispatchedSet): Generator<void, TargetText> {
  if (set.quotas.length === 0)
    return refused(['There are no quotas: nothing is ever written empty.']);
  if (set.quotas.length > QUOTAS_MAX) {
    return refused([`${set.quotas.length} quotas: of more than ${QUOTAS_MAX} no text is made.`]);
  }
  const rendered: Rendered = format.render(set);
  if (rendered.kind === 'refused') return rendered;
  const { text, notes } = rendered;
  if (text.trim() === '') return refused(['The text is empty.']);
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX) {
    return refused([`The text has more than ${TEXT_BYTES_MAX} bytes.`]);
  }
  yield;
  const faults = format.check(text);
  if (faults.length > 0) return refused(faults);
  yield;
  const held = format.held(text, set);
  yield;
  const licences = licencesIn(held, set);
  if (licences.length > 0) return refused(licences);
  return { kind: 'text', text, checksum: checksumOf(text), notes, held };
}

/**
 * What of the text that the target holds would be loosened without anybody's word.
 * @param former null: unknown, and nothing can be said
 */
export function loosenings(
  format: Format,
  set: DispatchedSet,
  held: readonly HeldLimit[],
  former: string | null,
): readonly string[] {
  if (former === null || format.check(former).length > 0) return [];
  return loosenedBy(held, format.held(former, set), set);
}

function refused(reasons: readonly string[]): TargetText {
  const [first = 'It is refused.', ...rest] = reasons;
  return { kind: 'refused', reasons: [first, ...rest] };
}
