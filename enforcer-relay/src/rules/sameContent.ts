import type { Rule } from '@prorata/schemas';
import { fullNameOf, toJson } from '@prorata/schemas';

/**
 * Whether a host would enforce the same: the event behind a rule and its time are not part of that.
 * Compared as JSON in the schema's order of fields, for objects made here and decoded differ in theirs.
 */
export function sameContent(a: Rule, b: Rule): boolean {
  return contentOf(a) === contentOf(b);
}

const contentOf = (rule: Rule): string =>
  JSON.stringify(toJson(fullNameOf.Rule, { ...rule, eventOffset: 0n, decidedAt: 0n }));
