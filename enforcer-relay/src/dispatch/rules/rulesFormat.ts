/** The rules as JSON, for targets that understand Prorata's own words: bounds are said in full, so nothing is zero by accident. */
import { fromJson, fullNameOf, toJson } from '@prorata/schemas';
import type { Rule } from '@prorata/schemas';
import type { DispatchedSet, Format, HeldLimit, Rendered } from '../dispatcher.ts';
import { mostOf } from '../licences.ts';

/** Raised when the form changes in a way that a reader must know of. */
const VERSION = 1;

interface RulesDocument {
  readonly version?: unknown;
  readonly application?: unknown;
  readonly rules?: unknown;
}

/** One object: version, application, rules by quota, one a line so that a difference can be read. */
export const rulesFormat: Format = {
  render: ({ application, quotas }: DispatchedSet): Rendered => {
    const head = JSON.stringify({ version: VERSION, application }).slice(0, -1);
    const rules = quotas.map(({ rule }) => JSON.stringify(toJson(fullNameOf.Rule, rule)));
    return { kind: 'text', text: `${head},"rules":[\n${rules.join(',\n')}\n]}\n`, notes: [] };
  },
  check: (text) => {
    const rules = rulesIn(text);
    if (typeof rules === 'string') return [rules];
    return rules.length === 0 ? ['It holds no rule.'] : [];
  },
  held: (text): readonly HeldLimit[] => {
    const rules = rulesIn(text);
    if (typeof rules === 'string') return [];
    return rules.flatMap(({ quotaId, limits }) =>
      limits.map((limit) => ({ quotaId, resource: limit.resource, most: mostOf(limit) })),
    );
  },
};

/** @returns the rules, or what is wrong */
function rulesIn(text: string): readonly Rule[] | string {
  const { version, rules } = documentIn(text);
  if (version !== VERSION || !Array.isArray(rules)) return 'It is no text of rules.';
  const parsed: Rule[] = [];
  for (const json of rules as readonly unknown[]) {
    const each = fromJson(fullNameOf.Rule, json);
    if (!('value' in each)) return `A rule is not readable: ${each.violations[0]?.message ?? ''}`;
    parsed.push(each.value as Rule);
  }
  return parsed;
}

function documentIn(text: string): RulesDocument {
  try {
    return (JSON.parse(text) as RulesDocument | null) ?? {};
  } catch {
    return {};
  }
}
