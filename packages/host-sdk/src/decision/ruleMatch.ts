import type { MatchCondition, Rule } from '@prorata/schemas';

export type Attributes = Readonly<Record<string, string>>;

/** All conditions must hold; a rule without any is for those that name it. */
export function matches(conditions: readonly MatchCondition[], attributes: Attributes): boolean {
  return conditions.length > 0 && conditions.every((condition) => holds(condition, attributes));
}

function holds(condition: MatchCondition, attributes: Attributes): boolean {
  if (!Object.hasOwn(attributes, condition.attribute)) return false;
  const value = attributes[condition.attribute] ?? '';
  switch (condition.operator) {
    case 'equals':
    case 'in':
      return condition.values.includes(value);
    case 'prefix':
      return condition.values.some((prefix) => value.startsWith(prefix));
  }
}

/**
 * The higher priority first, then the more conditions, then the more exact ones (a value before a
 * prefix, a longer prefix before a shorter one), then the id, so that every host agrees.
 */
export function byPrecedence(a: Rule, b: Rule): number {
  const [priority, other] = [priorityOf(a), priorityOf(b)];
  if (priority !== other) return other - priority;
  if (a.match.length !== b.match.length) return b.match.length - a.match.length;
  const [patterns, others] = [patternsIn(a), patternsIn(b)];
  if (patterns !== others) return patterns - others;
  const [length, otherLength] = [prefixLengthOf(a), prefixLengthOf(b)];
  if (length !== otherLength) return otherLength - length;
  return a.quotaId < b.quotaId ? -1 : 1;
}

const priorityOf = (rule: Rule): number => rule.requests?.priority ?? 0;

const patternsIn = ({ match }: Rule): number =>
  match.filter(({ operator }) => operator === 'prefix').length;

/** Of all prefixes together. */
function prefixLengthOf({ match }: Rule): number {
  let length = 0;
  for (const { operator, values } of match) {
    if (operator === 'prefix') length += Math.min(...values.map((value) => value.length));
  }
  return length;
}

/** Whether both rules are found by the same requests, and in the same order. */
export function sameMatching(a: Rule, b: Rule): boolean {
  if (a.match.length !== b.match.length || priorityOf(a) !== priorityOf(b)) return false;
  return JSON.stringify(a.match) === JSON.stringify(b.match);
}
