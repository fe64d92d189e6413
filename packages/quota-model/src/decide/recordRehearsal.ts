import type { RecordRehearsal, RehearsedResize, Violation } from '@prorata/schemas';
import { isWithin } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import {
  REHEARSED_COUNT_MAX,
  REHEARSED_EXAMPLES_MAX,
  REHEARSED_EXAMPLE_REASONS_MAX,
  REHEARSED_REASONS_MAX,
  TEXT_LENGTH_MAX,
} from '../modelBounds.ts';
import { evidenceViolations } from '../validate/evidence.ts';
import { textViolations } from '../validate/contentShape.ts';
import { aboutNoQuota, accept, alreadySo, refusal, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/**
 * What the rightsizer would change under a policy, before it changes anything: so people can look, and so its own
 * word that it may begin stands in the log. Once a policy and version; the expected version is the stream's.
 */
export function recordRehearsal(
  state: ApplicationState,
  { envelope, ...rehearsal }: RecordRehearsal,
  context: DecisionContext,
): Decision {
  const refused =
    versionFault(envelope, context.streamVersion) ??
    refusal(rehearsalViolations(state.id, rehearsal));
  if (refused !== null) return refused;
  const known = state.rehearsals.get(rehearsal.policy);
  if (known?.policyVersion === rehearsal.policyVersion) return alreadySo;
  return accept([{ type: 'RightsizingRehearsed', data: rehearsal, ...aboutNoQuota }]);
}

function rehearsalViolations(
  application: string,
  rehearsal: Omit<RecordRehearsal, 'envelope'>,
): Violation[] {
  const { policy, policyVersion, tableVersion, evidence, examples } = rehearsal;
  const faults = [
    ...(policy === '' ? [invalid('/policy', 'The policy has no name.')] : []),
    ...textViolations(policy, '/policy'),
    ...(policyVersion < 0n ? [invalid('/policyVersion', 'A version is not negative.')] : []),
    ...(tableVersion < 0n ? [invalid('/tableVersion', 'A version is not negative.')] : []),
    ...countViolations(rehearsal),
    ...evidenceViolations(evidence, '/evidence'),
  ];
  if (examples.length > REHEARSED_EXAMPLES_MAX) {
    const message = `At most ${REHEARSED_EXAMPLES_MAX} examples are told.`;
    return [...faults, violation('TOO_MANY', '/examples', message)];
  }
  return [
    ...faults,
    ...examples.flatMap((each, index) =>
      exampleViolations(application, each, `/examples/${index}`),
    ),
  ];
}

/** That it looked at something: a rehearsal of nothing would open the door to all that comes later. */
function countViolations({
  wouldRaise,
  wouldLower,
  skipped,
  examples,
}: Omit<RecordRehearsal, 'envelope'>): Violation[] {
  const reasons = Object.entries(skipped);
  if (reasons.length > REHEARSED_REASONS_MAX) {
    return [
      violation('TOO_MANY', '/skipped', `At most ${REHEARSED_REASONS_MAX} codes are counted.`),
    ];
  }
  const counts = [wouldRaise, wouldLower, ...reasons.map(([, count]) => count)];
  if (counts.some((count) => count < 0 || count > REHEARSED_COUNT_MAX)) {
    return [invalid('', `A count is 0 to ${REHEARSED_COUNT_MAX}.`)];
  }
  if (counts.every((count) => count === 0)) return [invalid('', 'It looked at nothing.')];
  if (examples.length > wouldRaise + wouldLower) {
    return [invalid('/examples', 'It tells of more changes than it counts.')];
  }
  return reasons.flatMap(([code]) => textViolations(code, '/skipped'));
}

function exampleViolations(
  application: string,
  { quotaId, resource, from, to, reasons }: RehearsedResize,
  path: string,
): Violation[] {
  if (reasons.length > REHEARSED_EXAMPLE_REASONS_MAX) {
    const message = `At most ${REHEARSED_EXAMPLE_REASONS_MAX} are told.`;
    return [violation('TOO_MANY', `${path}/reasons`, message)];
  }
  const texts = [quotaId, resource, ...reasons];
  if (texts.some((text) => text === '' || text.length > TEXT_LENGTH_MAX)) {
    return [invalid(path, `A text has 1 to ${TEXT_LENGTH_MAX} characters here.`)];
  }
  if (!isWithin(quotaId, application) || quotaId === application) {
    return [invalid(`${path}/quotaId`, `It is no quota of ${application}.`)];
  }
  return from < 0n || to < 0n ? [invalid(path, 'An amount is negative.')] : [];
}

function invalid(path: string, message: string): Violation {
  return violation('REHEARSAL_INVALID', path, message);
}
