/** Whether a schema takes all that another one takes, told from their texts alone. */
import { jsonObjectOf } from '../validate/jsonObject.ts';
import { sameValue } from '../sameValue.ts';

type Json = Readonly<Record<string, unknown>>;

/** They say something to people and nothing to a check. */
const annotations = new Set(
  '$schema $comment title description default examples deprecated readOnly writeOnly'.split(' '),
);
/** A larger number takes more. */
const upper = new Set('maximum exclusiveMaximum maxLength maxItems maxProperties'.split(' '));
/** A smaller number takes more. */
const lower = new Set('minimum exclusiveMinimum minLength minItems minProperties'.split(' '));
/** Keywords that mean something together: each group is judged as one. */
const ofProperties = ['properties', 'patternProperties', 'additionalProperties'] as const;
const ofItems = ['prefixItems', 'items'] as const;
const ofContains = ['contains', 'minContains', 'maxContains'] as const;
const grouped = new Set<string>([...ofProperties, ...ofItems, ...ofContains]);

/**
 * true: whatever satisfies the former satisfies the latter. false: it may be so, and may not. Definitions
 * must be the same, and what depends on what other keywords have looked at (`unevaluated…`) is not judged.
 */
export function isWiderSchema(formerText: string, text: string): boolean {
  const [former, now] = [jsonObjectOf(formerText), jsonObjectOf(text)];
  if (former === null || now === null) return false;
  if (/"unevaluated(Properties|Items)"/.test(formerText + text)) return false;
  return sameValue(former['$defs'] ?? null, now['$defs'] ?? null) && takesAll(former, now);
}

function takesAll(former: unknown, now: unknown): boolean {
  if (now === true || former === false) return true;
  if (former === true) return takesAll({}, now);
  if (!isObject(former) || !isObject(now)) return sameValue(former, now);
  return (
    Object.entries(now).every(
      ([keyword, value]) =>
        annotations.has(keyword) ||
        grouped.has(keyword) ||
        isImplied(keyword, former[keyword], value),
    ) &&
    takesAllProperties(former, now) &&
    takesAllItems(former, now) &&
    (!('contains' in now) || isSame(former, now, ofContains))
  );
}

/** Whether a keyword's former value lets through nothing that its value of now would not. */
function isImplied(keyword: string, former: unknown, now: unknown): boolean {
  if (former === undefined) return false;
  if (typeof former === 'number' && typeof now === 'number') {
    if (upper.has(keyword)) return now >= former;
    if (lower.has(keyword)) return now <= former;
  }
  if (keyword === 'type') {
    const types = listOf(now);
    return listOf(former).every(
      (type) => types.includes(type) || (type === 'integer' && types.includes('number')),
    );
  }
  if (keyword === 'enum') return listOf(former).every((value) => isAmong(listOf(now), value));
  if (keyword === 'required') return listOf(now).every((name) => isAmong(listOf(former), name));
  if (keyword === 'propertyNames') return takesAll(former, now);
  return sameValue(former, now);
}

function takesAllProperties(former: Json, now: Json): boolean {
  const [formerOnes, ones] = [namedIn(former), namedIn(now)];
  const names = new Set([...Object.keys(formerOnes), ...Object.keys(ones)]);
  if (ofProperties.every((keyword) => !(keyword in now))) return true;
  // A pattern takes names away from the other properties: the same names must be spoken of.
  const hasPatterns = 'patternProperties' in former || 'patternProperties' in now;
  if (hasPatterns && !isSame(former, now, ['patternProperties'])) return false;
  const [formerOthers, others] = [othersIn(former), othersIn(now)];
  if (!takesAll(formerOthers, others)) return false;
  return [...names].every((name) => {
    const [before, after] = [own(formerOnes, name), own(ones, name)];
    if (hasPatterns && (before === undefined || after === undefined)) return false;
    return takesAll(before ?? formerOthers, after ?? others);
  });
}

function takesAllItems(former: Json, now: Json): boolean {
  if (!('items' in now) && !('prefixItems' in now)) return true;
  return (
    isSame(former, now, ['prefixItems']) && takesAll(former['items'] ?? true, now['items'] ?? true)
  );
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const namedIn = (schema: Json): Json =>
  isObject(schema['properties']) ? schema['properties'] : {};
const othersIn = (schema: Json): unknown => schema['additionalProperties'] ?? true;
const own = (named: Json, name: string): unknown =>
  Object.hasOwn(named, name) ? named[name] : undefined;

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [value];

const isAmong = (values: readonly unknown[], value: unknown): boolean =>
  values.some((each) => sameValue(each, value));

function isSame(former: Json, now: Json, keywords: readonly string[]): boolean {
  return keywords.every((keyword) => sameValue(former[keyword] ?? null, now[keyword] ?? null));
}
