import type { Rule } from '@prorata/schemas';
import { fromJson, fullNameOf, longFromJson, toJson } from '@prorata/schemas';

/** A document that should hold rules and does not. */
export class RulesUnreadable extends Error {
  override readonly name = 'RulesUnreadable';
}

export const ruleToJson = (rule: Rule): unknown => toJson(fullNameOf.Rule, rule);

/** @throws RulesUnreadable naming every field that is wrong */
export function ruleFromJson(json: unknown): Rule {
  const parsed = fromJson(fullNameOf.Rule, json);
  if ('value' in parsed) return parsed.value as Rule;
  const wrong = parsed.violations.map(({ path, message }) => `${path} ${message}`);
  throw new RulesUnreadable(`A rule is not readable: ${wrong.join('; ')}.`);
}

/** The fields of a JSON object. @throws RulesUnreadable when the text is none */
export function objectFromText(text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new RulesUnreadable('The text is not JSON.', { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RulesUnreadable('The text is no JSON object.');
  }
  return json as Record<string, unknown>;
}

/** @throws RulesUnreadable */
export function longOf(json: unknown, name: string): bigint {
  const value = longFromJson(json);
  if (value === null) throw new RulesUnreadable(`${name} is no whole number.`);
  return value;
}
