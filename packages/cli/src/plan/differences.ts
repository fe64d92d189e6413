import { shareKey, thresholdKey } from '../file/budgetKey.ts';
import { idleKey, priceKey, sharedCostKey } from '../file/priceKey.ts';
import { isJson } from './json.ts';
import type { Json } from './json.ts';

/** A field that differs; undefined: it is not there. */
export interface Difference {
  /** `owner`, `limits.requests`, `labels.team`. */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Fields whose lists are sets by a key. */
const keyed: Readonly<Record<string, (item: Json) => string>> = {
  limits: ({ resource }) => String(resource),
  rightsizing: ({ resource }) => String(resource),
  resources: ({ name }) => String(name),
  rules: ({ name }) => String(name),
  validators: ({ name }) => String(name),
  dispatchers: ({ name }) => String(name),
  prices: priceKey,
  sharedCosts: sharedCostKey,
  idle: idleKey,
  thresholds: thresholdKey,
  split: shareKey,
  steps: ({ overrunBasisPoints }) => String(overrunBasisPoints),
};
/** Fields whose members are told one by one. */
const opened = new Set(['labels', 'attributes', 'window', 'changePolicy']);

/** Where two records differ, by field; equal values are equal JSON, whatever the order of members. */
export function differencesOf(before: Json, after: Json): readonly Difference[] {
  return namesOf(before, after).flatMap((name) => {
    const [left, right] = [membersOf(name, before[name]), membersOf(name, after[name])];
    if (left === null || right === null) return differ(name, before[name], after[name]);
    return namesOf(left, right).flatMap((key) => differ(`${name}.${key}`, left[key], right[key]));
  });
}

/** What a new thing says: fields that are null or empty say nothing. */
export function fieldsOf(value: Json): readonly Difference[] {
  return differencesOf({}, value).filter(({ after }) => !isEmpty(after));
}

const namesOf = (before: Json, after: Json): readonly string[] => [
  ...new Set([...Object.keys(before), ...Object.keys(after)]),
];

function membersOf(name: string, value: unknown): Json | null {
  if (opened.has(name)) return isJson(value) ? value : {};
  const key = keyed[name];
  if (key === undefined) return null;
  const items = (value ?? []) as readonly Json[];
  return Object.fromEntries(items.map((item) => [key(item), item]));
}

function differ(field: string, before: unknown, after: unknown): Difference[] {
  return sameJson(before ?? null, after ?? null) ? [] : [{ field, before, after }];
}

export function sameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => sameJson(each, b[index]));
  }
  if (!isJson(a) || !isJson(b)) return a === b;
  return namesOf(a, b).every((name) => sameJson(a[name] ?? null, b[name] ?? null));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJson(value) && Object.keys(value).length === 0;
}
