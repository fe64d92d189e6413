import type {
  ApplicationRegistered,
  RegisterApplication,
  ResourceDeclaration,
  Violation,
} from '@prorata/schemas';
import { byCodeUnit } from '../ids.ts';
import { resourcesUsedBy } from '../indexes/quotaIndexes.ts';
import type { ApplicationState, Decision, DecisionContext, Registration } from '../model.ts';
import { schemaBreaks } from '../ownChecks/schemaBreaks.ts';
import { EVENTS_PER_DECISION_MAX } from '../modelBounds.ts';
import { sameValue } from '../sameValue.ts';
import { MEANING_VERSION } from '../registrationMeaning.ts';
import { isBlockedElse, suspendedElse } from '../suspension.ts';
import { registrationViolations } from '../validate/registration.ts';
import { loweredTotalViolations } from '../validate/totals.ts';
import { aboutNoQuota, accept, alreadySo, refusal, violation } from './answer.ts';
import { decideTree } from './decideTree.ts';
import { proposedResources } from './proposedResources.ts';
import { endOutOfBounds } from './endOutOfBounds.ts';
import { versionFault } from './preconditions.ts';
import type { TreeDraft } from './treeDraft.ts';

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
      ...suspensionViolations(state, terms),
    ]);
    if (use !== null) return use;
  }
  const data = { ...terms, version: (state?.registration.version ?? 0n) + 1n };
  const registered = { type: 'ApplicationRegistered', data, ...aboutNoQuota } as const;
  if (state === null || isBoundAlike(state.registration, terms)) return accept([registered]);
  const steps = (draft: TreeDraft): readonly Violation[] => {
    draft.append(registered, () => '');
    return endOutOfBounds(draft);
  };
  return decideTree(state, command.envelope, context, steps, 'given');
}

function isBoundAlike(former: Registration, terms: Terms): boolean {
  return (
    former.meaningVersion === terms.meaningVersion &&
    sameValue(former.rightsizing, terms.rightsizing)
  );
}

type Terms = Omit<ApplicationRegistered, 'envelope' | 'version'>;

/** Lists by resource are kept sorted, so that equal registrations are equal events. */
function termsOf(command: RegisterApplication): Terms {
  return {
    meaningVersion: MEANING_VERSION,
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
    robotRollout: command.robotRollout,
  };
}

function formerTerms(former: Registration): Terms {
  return {
    ...former.checks,
    meaningVersion: former.meaningVersion,
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
    robotRollout: former.robotRollout,
  };
}

/** What existing quotas and entitlements would be broken by. */
function useViolations(
  state: ApplicationState,
  resources: readonly ResourceDeclaration[],
): Violation[] {
  const declared = new Map(resources.map((resource) => [resource.name, resource]));
  return [...state.registration.resources.values()].flatMap((former) => {
    const now = declared.get(former.name);
    if (!isSameKind(former, now)) {
      const users = usersOf(state, former.name);
      if (users === null) return [];
      const message = `${users}: it can neither go nor change kind or unit.`;
      return [violation('RESOURCE_IN_USE', '/resources', message)];
    }
    return loweredTotalViolations(state, former, now);
  });
}

/** Each suspension that blocks something else then does so in the same moment, at the price of an event. */
function suspensionViolations(
  state: ApplicationState,
  { meaningVersion, resources }: Terms,
): Violation[] {
  const declared = new Map(resources.map((resource) => [resource.name, resource]));
  const now = { meaningVersion, resources: declared };
  if (!isBlockedElse(state.registration, now)) return [];
  const size = suspendedElse(state, now).reduce((sum, ids) => sum + ids.size, 0);
  if (size <= EVENTS_PER_DECISION_MAX) return [];
  const message = `${size} quotas are suspended; at most ${EVENTS_PER_DECISION_MAX} are while other resources are declared: resume some, or suspend one above them.`;
  return [violation('TOO_MANY', '/resources', message)];
}

function isSameKind(
  former: ResourceDeclaration,
  now: ResourceDeclaration | undefined,
): now is ResourceDeclaration {
  return now?.kind === former.kind && now.unit === former.unit;
}

/**
 * Quotas among which one that speaks of a resource is looked for, to name it: the state knows how many
 * there are, and one in a million would be a walk over all of them.
 */
const QUOTAS_LOOKED_AT_MAX = 1_000;

/** Who speaks of the resource, in the words of a message; null: nobody. */
function usersOf(state: ApplicationState, resource: string): string | null {
  const users = state.users.get(resource) ?? 0;
  if (users > 0) {
    const named = firstUser(state, resource);
    const others = named === null ? users : users - 1;
    const of = named === null ? '' : `Quota ${named}${others === 0 ? '' : ' and '}`;
    const noun = named === null ? 'quota' : 'other';
    const more = others === 0 ? '' : `${others} ${noun}${others === 1 ? '' : 's'}`;
    return `${of}${more} ${users === 1 ? 'uses' : 'use'} ${resource}`;
  }
  for (const entitlement of state.entitlements.values()) {
    if (entitlement.resource !== resource) continue;
    return `The entitlement of ${entitlement.project} uses ${resource}`;
  }
  // It was asked for in the unit of its moment: approved later, it would mean another amount.
  for (const proposal of state.proposals.values()) {
    if (!proposedResources(proposal).has(resource)) continue;
    return `The open proposal ${proposal.proposalId} asks for ${resource}`;
  }
  return null;
}

function firstUser(state: ApplicationState, resource: string): string | null {
  let looks = 0;
  for (const quota of state.quotas.values()) {
    if (resourcesUsedBy(quota).has(resource)) return quota.quotaId;
    looks += 1;
    if (looks === QUOTAS_LOOKED_AT_MAX) return null;
  }
  return null;
}
