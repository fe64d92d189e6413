import { applicationOf, quotaOfRecord, streamOf } from '@prorata/quota-model';
import { timeFromJson } from '@prorata/schemas';
import { quotaFacts } from '../rows/currentRows.ts';

/** A row of `quota_history` as it comes from the table. */
export interface SpanRow {
  readonly quota_id: string;
  readonly since: string;
  readonly since_time: string;
  readonly below_since: string;
  readonly below_since_time: string;
  readonly record: unknown;
}

/** The quota's span, then those of the quotas above it, nearest first, all of one moment. */
export type SpanPath = readonly [SpanRow, ...SpanRow[]];

/**
 * A quota as its row stood: the model's own function over what its path was, and the last event that
 * could alter it, which is its own or one of those above that reach what is below them.
 */
export function quotaAsOf([own, ...above]: SpanPath): ReturnType<typeof quotaFacts> {
  let [version, time] = [BigInt(own.since), own.since_time];
  for (const { below_since: since, below_since_time: sinceTime } of above) {
    if (BigInt(since) > version) [version, time] = [BigInt(since), sinceTime];
  }
  const states = above.map((span) => quotaOfRecord(span.quota_id, span.record));
  return quotaFacts([quotaOfRecord(own.quota_id, own.record), ...states], {
    stream: streamOf('application', applicationOf(own.quota_id)),
    streamVersion: version,
    decidedAt: timeFromJson(time) ?? 0n,
  });
}
