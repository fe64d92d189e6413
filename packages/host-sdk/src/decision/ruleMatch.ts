import type { MatchCondition, Rule } from '@prorata/schemas';

export type Attributes = Readonly<Record<string, string>>;

/** So that an attribute that a rule names and nobody gave is absent. */
export const withoutPrototype = (attributes: Attributes): Attributes =>
  Object.assign(Object.create(null), attributes) as Attributes;

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

/** What the order of rules is by: the first figure that differs decides, and then the id. */
export interface Rank {
  readonly figures: readonly [
    priority: number,
    conditions: number,
    patterns: number,
    prefixLength: number,
  ];
  readonly quotaId: string;
}

/**
 * The higher priority first, then the more conditions, then the more exact ones (a value before a
 * prefix, a longer prefix before a shorter one), then the id, so that every host agrees.
 */
export function rankOf(rule: Rule): Rank {
  const figures = [priorityOf(rule), rule.match.length, -patternsIn(rule), prefixLengthOf(rule)];
  return { figures: figures as [number, number, number, number], quotaId: rule.quotaId };
}

/** Below 0: `a` is taken before `b`. */
export function compareRanks(a: Rank, b: Rank): number {
  for (let at = 0; at < a.figures.length; at += 1) {
    const difference = (b.figures[at] ?? 0) - (a.figures[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.quotaId < b.quotaId ? -1 : a.quotaId > b.quotaId ? 1 : 0;
}

export const byPrecedence = (a: Rule, b: Rule): number => compareRanks(rankOf(a), rankOf(b));

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
