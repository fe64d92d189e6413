import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import type { ApplicationState, OwnChecks } from '../model.ts';
import { ATTRIBUTES_TRIED_MAX, QUOTAS_NAMED_MAX } from '../modelBounds.ts';
import { attributesViolations } from './attributesSchema.ts';

/**
 * The quotas that a new schema would break, the first of them named and the rest counted. Each different
 * text of attributes is tried once: a walk over 1,000,000 quotas with few different ones takes some
 * 0.2 s, and more different ones than the bound are refused before they are tried.
 */
export function schemaBreaks(
  state: ApplicationState,
  checks: OwnChecks,
  path: string,
): Violation[] {
  if (checks.attributesSchema === null) return [];
  if (checks.attributesSchema === state.registration.checks.attributesSchema) return [];
  const faultOf = new Map<string, string | null>();
  for (const { content } of state.quotas.values()) {
    faultOf.set(content.attributes, null);
    if (faultOf.size <= ATTRIBUTES_TRIED_MAX) continue;
    const message = `The quotas have more than ${ATTRIBUTES_TRIED_MAX} different attributes: too many to try a schema on.`;
    return [violation('TOO_MANY', path, message)];
  }
  for (const attributes of faultOf.keys()) {
    const [fault] = attributesViolations(checks, attributes, '');
    if (fault !== undefined) faultOf.set(attributes, `${fault.path} ${fault.message}`);
  }
  const named: Violation[] = [];
  let broken = 0;
  for (const { quotaId, content } of state.quotas.values()) {
    const fault = faultOf.get(content.attributes) ?? null;
    if (fault === null) continue;
    broken++;
    if (broken > QUOTAS_NAMED_MAX) continue;
    named.push(violation('SCHEMA_BREAKS_QUOTAS', path, `${quotaId}: ${fault}`));
  }
  if (broken <= QUOTAS_NAMED_MAX) return named;
  const more = `So would ${broken - QUOTAS_NAMED_MAX} more quotas, of ${broken} in all.`;
  return [...named, violation('SCHEMA_BREAKS_QUOTAS', path, more)];
}
