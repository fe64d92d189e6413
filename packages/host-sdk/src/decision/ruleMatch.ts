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

/** The most specific first: most conditions, then by id, so that every host agrees. */
export function byPrecedence(a: Rule, b: Rule): number {
  if (a.match.length !== b.match.length) return b.match.length - a.match.length;
  return a.quotaId < b.quotaId ? -1 : 1;
}

export function sameMatch(a: readonly MatchCondition[], b: readonly MatchCondition[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}
