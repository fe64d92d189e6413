import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import type { ApplicationState, OwnChecks } from '../model.ts';
import { ATTRIBUTES_STEPS_MIN, CHECK_STEPS_MAX, QUOTAS_NAMED_MAX } from '../modelBounds.ts';
import { attributesViolations } from './attributesSchema.ts';
import { CheckBudget } from './checkBudget.ts';
import { isWiderSchema } from './schemaWidening.ts';

/**
 * The quotas that a new schema would break, the first of them named and the rest counted. A schema that
 * takes all that the former takes breaks none and is not tried. Any other is tried once on each different
 * text of attributes, by the index that the state keeps of them; what is more work than one command may
 * be is refused.
 */
export function schemaBreaks(
  state: ApplicationState,
  checks: OwnChecks,
  path: string,
): Violation[] {
  const { attributesSchema } = checks;
  const former = state.registration.checks.attributesSchema;
  if (attributesSchema === null || attributesSchema === former) return [];
  if (former !== null && isWiderSchema(former, attributesSchema)) return [];
  if (state.attributes.size * ATTRIBUTES_STEPS_MIN > CHECK_STEPS_MAX) return [tooMuch(path)];
  const budget = new CheckBudget();
  const named: Violation[] = [];
  let broken = 0;
  for (const [attributes, quotas] of state.attributes) {
    const [fault] = attributesViolations(checks, attributes, '', budget);
    if (budget.isOver) return [tooMuch(path)];
    if (fault === undefined) continue;
    broken += quotas.size;
    const message = `${fault.path} ${fault.message}`;
    for (const quotaId of quotas.after('', QUOTAS_NAMED_MAX - named.length)) {
      named.push(violation('SCHEMA_BREAKS_QUOTAS', path, `${quotaId}: ${message}`));
    }
  }
  if (broken <= QUOTAS_NAMED_MAX) return named;
  const more = `So would ${broken - QUOTAS_NAMED_MAX} more quotas, of ${broken} in all.`;
  return [...named, violation('SCHEMA_BREAKS_QUOTAS', path, more)];
}

function tooMuch(path: string): Violation {
  const message =
    'The quotas have too many different attributes to try the schema on at once: take what the ' +
    'former took, and say the rest in a rule.';
  return violation('TOO_MANY', path, message);
}
