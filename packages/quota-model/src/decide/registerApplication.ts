import type {
  ApplicationRegistered,
  RegisterApplication,
  ResourceDeclaration,
  Violation,
} from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import type { ApplicationState, Decision, DecisionContext, Registration } from '../model.ts';
import { schemaBreaks } from '../ownChecks/schemaBreaks.ts';
import { sameValue } from '../sameValue.ts';
import { registrationViolations } from '../validate/registration.ts';
import { NOTHING } from '../sums/sum.ts';
import { tallyOf } from '../sums/treeSums.ts';
import { totalExcess } from '../validate/sumExcess.ts';
import { aboutNoQuota, accept, alreadySo, refusal, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The version expected is the stream's, 0 for an application that is not there yet. */
export function registerApplication(
  state: ApplicationState | null,
  command: RegisterApplication,
  context: DecisionContext,
): Decision {
  const refused = versionFault(command.envelope, context.streamVersion);
  if (refused !== null) return refused;
  const shape = refusal(registrationViolations(command));
  if (shape !== null) return shape;
  const terms = termsOf(command);
  if (state !== null) {
    if (sameValue(formerTerms(state.registration), terms)) return alreadySo;
    const use = refusal([
      ...useViolations(state, terms.resources),
      ...schemaBreaks(state, terms, '/attributesSchema'),
    ]);
    if (use !== null) return use;
  }
  const data = { ...terms, version: (state?.registration.version ?? 0n) + 1n };
  return accept([{ type: 'ApplicationRegistered', data, ...aboutNoQuota }]);
}

type Terms = Omit<ApplicationRegistered, 'envelope' | 'version'>;

/** Lists by resource are kept sorted, so that equal registrations are equal events. */
function termsOf(command: RegisterApplication): Terms {
  return {
    displayName: command.displayName,
    levels: command.levels,
    resources: [...command.resources].sort((a, b) => byCodeUnit(a.name, b.name)),
    defaultMode: command.defaultMode,
    defaultOnStale: command.defaultOnStale,
    robotChanges: command.robotChanges,
    proposalLifetimeMicros: command.proposalLifetimeMicros,
    attributesSchema: command.attributesSchema,
    rules: command.rules,
    validators: command.validators,
    rightsizing: [...command.rightsizing].sort((a, b) => byCodeUnit(a.resource, b.resource)),
    changePolicy: command.changePolicy,
    dispatchers: command.dispatchers,
  };
}

function formerTerms(former: Registration): Terms {
  return {
    ...former.checks,
    displayName: former.displayName,
    levels: former.levels,
    resources: [...former.resources.values()].sort((a, b) => byCodeUnit(a.name, b.name)),
    defaultMode: former.defaultMode,
    defaultOnStale: former.defaultOnStale,
    robotChanges: former.robotChanges,
    proposalLifetimeMicros: former.proposalLifetimeMicros,
    validators: former.validators,
    rightsizing: former.rightsizing,
    changePolicy: former.changePolicy,
    dispatchers: former.dispatchers,
  };
}

/** What existing quotas and entitlements would be broken by. */
function useViolations(
  state: ApplicationState,
  resources: readonly ResourceDeclaration[],
): Violation[] {
  const declared = new Map(resources.map((resource) => [resource.name, resource]));
  const formers = [...state.registration.resources.values()];
  const users = usersOf(
    state,
    formers.filter((former) => !isSameKind(former, declared.get(former.name))),
  );
  return formers.flatMap((former) => {
    const now = declared.get(former.name);
    if (!isSameKind(former, now)) {
      const user = users.get(former.name);
      if (user === undefined) return [];
      const message = `${user} uses ${former.name}: it can neither go nor change kind or unit.`;
      return [violation('RESOURCE_IN_USE', '/resources', message)];
    }
    if (now.total === former.total) return [];
    const excess = totalExcess(tallyOf(state, state.id, now.name)?.sum ?? NOTHING, now);
    return excess === null ? [] : [violation('TOTAL_EXCEEDED', '/resources', excess)];
  });
}

function isSameKind(
  former: ResourceDeclaration,
  now: ResourceDeclaration | undefined,
): now is ResourceDeclaration {
  return now?.kind === former.kind && now.unit === former.unit;
}

/**
 * The first that speaks of each of the resources, in the words of a message. One walk over the quotas for
 * all of them: one for each would hold up the partition for seconds in a large tree.
 */
function usersOf(
  state: ApplicationState,
  resources: readonly ResourceDeclaration[],
): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  const sought = new Set(resources.map(({ name }) => name));
  const note = (resource: string, kind: string, id: string): void => {
    if (sought.delete(resource)) users.set(resource, `${kind} ${id}`);
  };
  if (sought.size === 0) return users;
  for (const { quotaId, content, override } of state.quotas.values()) {
    for (const { resource } of content.limits) note(resource, 'Quota', quotaId);
    for (const { resource } of content.rightsizing) note(resource, 'Quota', quotaId);
    for (const { resource } of override?.limits ?? []) note(resource, 'Quota', quotaId);
    if (sought.size === 0) return users;
  }
  for (const { project, resource } of state.entitlements.values()) {
    note(resource, 'The entitlement of', project);
  }
  return users;
}
