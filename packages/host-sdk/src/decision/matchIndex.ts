import type { MatchCondition, Rule } from '@prorata/schemas';
import { compareRanks, matches, rankOf, sameMatching } from './ruleMatch.ts';
import type { Attributes, Rank } from './ruleMatch.ts';

/** A rule in the index, and the lists that it stands in. */
interface Placed {
  rule: Rule;
  readonly rank: Rank;
  readonly lists: readonly PlacedList[];
}

/** Rules that one value of an attribute leads to, the one that is taken first first. */
interface PlacedList {
  readonly rules: Placed[];
  /** Lets the list go when it is empty. */
  readonly forget: () => void;
}

/**
 * Rules by what they match, so that a request looks at few of them. Every rule stands under one of its
 * conditions, the one under whose values the fewest stood when it came: in the lists of the values that the
 * condition names, or of its prefixes. A request then asks for the lists of its own values, and of those
 * beginnings of them that are as long as any prefix. What is found is what a walk over all rules by
 * precedence finds.
 */
export class MatchIndex {
  readonly #placed = new Map<string, Placed>();
  readonly #attributes = new Map<string, AttributeLists>();

  put(rule: Rule): void {
    const former = this.#placed.get(rule.quotaId);
    if (former !== undefined) {
      if (sameMatching(former.rule, rule)) {
        former.rule = rule;
        return;
      }
      this.remove(rule.quotaId);
    }
    if (rule.match.length === 0) return;
    const placed = { rule, rank: rankOf(rule), lists: this.#listsFor(rule.match) };
    this.#placed.set(rule.quotaId, placed);
    for (const { rules } of placed.lists) rules.splice(placeIn(rules, placed), 0, placed);
  }

  remove(quotaId: string): void {
    const placed = this.#placed.get(quotaId);
    if (placed === undefined) return;
    this.#placed.delete(quotaId);
    for (const { rules, forget } of placed.lists) {
      rules.splice(placeIn(rules, placed), 1);
      if (rules.length === 0) forget();
    }
  }

  /** The rule that is taken of those that fit, or null. */
  best(attributes: Attributes): Rule | null {
    let best: Placed | null = null;
    for (const { rules } of this.#candidates(attributes)) {
      best = betterOf(best, rules, attributes);
    }
    return best?.rule ?? null;
  }

  /** All that fit, the one that is taken first. */
  fitting(attributes: Attributes): readonly Rule[] {
    const found = new Set<Placed>();
    for (const { rules } of this.#candidates(attributes)) {
      for (const placed of rules) if (matches(placed.rule.match, attributes)) found.add(placed);
    }
    return [...found].sort((a, b) => compareRanks(a.rank, b.rank)).map(({ rule }) => rule);
  }

  #candidates(attributes: Attributes): readonly PlacedList[] {
    const found: PlacedList[] = [];
    for (const attribute of Object.keys(attributes)) {
      this.#attributes.get(attribute)?.find(attributes[attribute] ?? '', found);
    }
    return found;
  }

  #listsFor(match: readonly MatchCondition[]): readonly PlacedList[] {
    const [first, ...others] = match;
    if (first === undefined) return [];
    const sizeOf = (condition: MatchCondition): number =>
      this.#attributes.get(condition.attribute)?.sizeUnder(condition) ?? 0;
    let least = first;
    for (const condition of others) {
      const [size, leastSize] = [sizeOf(condition), sizeOf(least)];
      const isNarrower = least.operator === 'prefix' && condition.operator !== 'prefix';
      if (size < leastSize || (size === leastSize && isNarrower)) least = condition;
    }
    let lists = this.#attributes.get(least.attribute);
    if (lists === undefined) {
      lists = new AttributeLists();
      this.#attributes.set(least.attribute, lists);
    }
    return lists.under(least);
  }
}

/** The lists of one attribute: by whole values, and by their beginnings. */
class AttributeLists {
  readonly #exact = new Map<string, PlacedList>();
  readonly #prefixes = new Map<string, PlacedList>();
  /** How many prefixes there are of each length. */
  readonly #lengths = new Map<number, number>();

  /** Adds the lists that the value leads to. */
  find(value: string, found: PlacedList[]): void {
    const exact = this.#exact.get(value);
    if (exact !== undefined) found.push(exact);
    for (const length of this.#lengths.keys()) {
      if (length > value.length) continue;
      const list = this.#prefixes.get(value.slice(0, length));
      if (list !== undefined) found.push(list);
    }
  }

  /** How many rules the fullest of the condition's lists has. */
  sizeUnder({ operator, values }: MatchCondition): number {
    const lists = operator === 'prefix' ? this.#prefixes : this.#exact;
    return values.reduce((most, value) => Math.max(most, lists.get(value)?.rules.length ?? 0), 0);
  }

  /** The condition's lists, made where there are none. */
  under({ operator, values }: MatchCondition): readonly PlacedList[] {
    const different = [...new Set(values)];
    return different.map((value) =>
      operator === 'prefix' ? this.#prefix(value) : this.#value(value),
    );
  }

  #value(value: string): PlacedList {
    let list = this.#exact.get(value);
    if (list === undefined) {
      list = { rules: [], forget: () => this.#exact.delete(value) };
      this.#exact.set(value, list);
    }
    return list;
  }

  #prefix(prefix: string): PlacedList {
    let list = this.#prefixes.get(prefix);
    if (list === undefined) {
      list = { rules: [], forget: () => this.#forgetPrefix(prefix) };
      this.#prefixes.set(prefix, list);
      this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    }
    return list;
  }

  #forgetPrefix(prefix: string): void {
    this.#prefixes.delete(prefix);
    const left = (this.#lengths.get(prefix.length) ?? 0) - 1;
    if (left > 0) this.#lengths.set(prefix.length, left);
    else this.#lengths.delete(prefix.length);
  }
}

/** The first of a list that fits, where it is taken before the best of other lists. */
function betterOf(
  best: Placed | null,
  rules: readonly Placed[],
  attributes: Attributes,
): Placed | null {
  for (const placed of rules) {
    if (best !== null && compareRanks(best.rank, placed.rank) <= 0) return best;
    if (matches(placed.rule.match, attributes)) return placed;
  }
  return best;
}

/** Where a rule stands in a list, or would. */
function placeIn(rules: readonly Placed[], { rank }: Placed): number {
  let [from, to] = [0, rules.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const there = rules[middle];
    if (there !== undefined && compareRanks(there.rank, rank) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
