import { projectionNamed } from '../generations/projections.ts';

/** Raised with every change of the answer of one quota, in form or in meaning: who has the former one asks anew. */
export const QUOTA_ANSWER_FORM = 1;

/** Rows of another version say the same event in another way. */
const ROWS_VERSION = projectionNamed('quotas')?.version ?? 0;

/**
 * The quota's own version, for If-Match, and the last event that could alter what is in force, an ancestor's
 * included: what both tell together is all that an answer of this form holds.
 */
export const quotaTag = (version: bigint | string, streamVersion: bigint | string): string =>
  `"${version}.${streamVersion}.${ROWS_VERSION}.${QUOTA_ANSWER_FORM}"`;
