import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';

const HOUR_MICROS = 3_600_000_000n;
/** An application that has run longer is a service: its usage is reported, not summed up at its end. */
const PIECES_MAX = 9_600;
/** Room for a line's pieces in the sequence of its id. */
export const PIECES_OF_A_LINE = 16_384n;

/**
 * A window of more than an hour in pieces that end with whole hours. Amounts are spread evenly over
 * the time, each piece getting what is due up to its end less what was due before, both cut to whole
 * units: the pieces add up to the whole. The peak may have been in any of them. Sequences count on from
 * the one given.
 * @returns null: in more than 9,600 pieces, 400 days
 */
export function cutAtHours(usage: UsageRecorded): readonly UsageRecorded[] | null {
  const { windowStart, windowEnd, resources, sequence } = usage;
  const length = windowEnd - windowStart;
  if (length <= HOUR_MICROS) return [usage];
  const hours = windowEnd / HOUR_MICROS - windowStart / HOUR_MICROS;
  if (hours >= PIECES_MAX) return null;
  const pieces: UsageRecorded[] = [];
  for (let from = windowStart; from < windowEnd;) {
    const next = (from / HOUR_MICROS + 1n) * HOUR_MICROS;
    const to = next < windowEnd ? next : windowEnd;
    pieces.push({
      ...usage,
      sequence: sequence + BigInt(pieces.length),
      windowStart: from,
      windowEnd: to,
      resources: resources.map((resource) =>
        share(resource, from - windowStart, to - windowStart, length),
      ),
    });
    from = to;
  }
  return pieces;
}

function share(resource: ResourceUsage, from: bigint, to: bigint, length: bigint): ResourceUsage {
  const part = (amount: bigint): bigint => (amount * to) / length - (amount * from) / length;
  return {
    ...resource,
    used: part(resource.used),
    refused: part(resource.refused),
    queued: part(resource.queued),
    trialRefused: part(resource.trialRefused),
  };
}
