/** What a sender holds where: roles everywhere or in a part, and quotas through the groups that own them. */
import type { CommandEnvelope } from '@prorata/schemas';
import { ancestorsOf, isWithin, parentOf } from '../ids.ts';
import type { ApplicationState } from '../model.ts';

const APPLICATION = 'application:';

/** What the gateway verified of whoever sent a command. */
export type Sender = Pick<CommandEnvelope, 'actor' | 'roles' | 'grants' | 'groups'>;

/** The issuer of actors of whom an API key says no more than a name; no provider's, for those are URLs. */
export const API_KEY_ISSUER = 'prorata:api-keys';

/** Whether nobody but a file of keys knows the sender: the key may be in anybody's hands, a proposer's too. */
export function isKeyAlone({ actor }: Pick<Sender, 'actor'>): boolean {
  return actor.issuer === API_KEY_ISSUER;
}

/**
 * Whether a second person could not be told from who proposes, whose token may be next. A robot's key needs no
 * issuer for that: a robot approves nothing, by whatever credentials.
 */
export function isNamelessProposer(proposer: Pick<Sender, 'actor'>): boolean {
  return isKeyAlone(proposer) && proposer.actor.kind !== 'robot';
}

export function isRobot(sender: Sender): boolean {
  return sender.actor.kind === 'robot';
}

/** Whether a scope holds all of a place: a stream, an application, or a quota and what is below it. */
function reaches(scope: string, place: string): boolean {
  return isWithin(withoutKind(place), withoutKind(scope));
}

/** An application's stream and its id say the same. */
function withoutKind(place: string): string {
  return place.startsWith(APPLICATION) ? place.slice(APPLICATION.length) : place;
}

/** The roles that hold at a place: a quota's id, an application's id, or a stream. */
export function rolesAt(sender: Sender, place: string): readonly string[] {
  const granted = sender.grants.filter(({ scope }) => reaches(scope, place));
  return [...sender.roles, ...granted.map(({ role }) => role)];
}

/** Whether one of the roles holds at the place. */
export function holdsRole(sender: Sender, allowed: readonly string[], place: string): boolean {
  return rolesAt(sender, place).some((role) => allowed.includes(role));
}

/** Whether the sender is a person or service that runs the place. */
export function operates(sender: Sender, place: string): boolean {
  return !isRobot(sender) && holdsRole(sender, ['admin', 'operator'], place);
}

/** Roles with which a group's ownership counts. */
const OWNING_ROLES = ['admin', 'operator', 'member'];

/** Whether one of the sender's groups owns the quota or a quota above it. An application has no owner. */
export function owns(state: ApplicationState, sender: Sender, quotaId: string): boolean {
  if (isRobot(sender) || sender.groups.length === 0) return false;
  if (!holdsRole(sender, OWNING_ROLES, quotaId)) return false;
  return [quotaId, ...ancestorsOf(quotaId)].some((id) => {
    const owner = state.quotas.get(id)?.content.owner;
    return owner !== undefined && sender.groups.includes(owner);
  });
}

/**
 * Whether the sender has the say at a place: runs it, or owns it or what is above it.
 *
 * @param place a quota's id, or the application's.
 */
export function hasSayAt(state: ApplicationState, sender: Sender, place: string): boolean {
  return operates(sender, place) || owns(state, sender, place);
}

/** Groups that a refusal names: a directory may hold somebody in hundreds. */
const GROUPS_NAMED_MAX = 10;
/** Of a group so much is repeated, characters: enough to see how it is written. */
const GROUP_SHOWN_MAX = 50;
/** Owners that a refusal names, the nearest first: whom to ask, and not everybody up to the top. */
const OWNERS_NAMED_MAX = 3;
/** Quotas that are named of each: a path may be hundreds of characters. */
const OWNED_NAMED_MAX = 2;

/**
 * Why a quota counts as another's, by what the sender's own token or key says: its groups, which are compared
 * with owners letter by letter, or that no role lets them count there.
 */
export function describeStanding(sender: Sender, quotaId: string): string {
  const { actor, groups } = sender;
  if (isRobot(sender)) return `${actor.subject} is a robot, which owns nothing.`;
  if (groups.length === 0) return 'You are in no group.';
  const named = groups.slice(0, GROUPS_NAMED_MAX).map(shownGroup);
  const more = groups.length - named.length;
  const all = `You are in ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return holdsRole(sender, OWNING_ROLES, quotaId)
    ? `${all}.`
    : `${all}, and hold none of the roles ${OWNING_ROLES.join(', ')} there.`;
}

const shownGroup = (group: string): string =>
  group.length > GROUP_SHOWN_MAX ? `${group.slice(0, GROUP_SHOWN_MAX)}…` : group;

/** Who has the say at a place, in the words of a refusal. */
export function describeSay(state: ApplicationState, place: string): string {
  const owned = new Map<string, string[]>();
  for (let id = place; id !== '' && id !== state.id; id = parentOf(id)) {
    const owner = state.quotas.get(id)?.content.owner;
    if (owner !== undefined) owned.set(owner, [...(owned.get(owner) ?? []), id]);
  }
  const named = [...owned].slice(0, OWNERS_NAMED_MAX).map(([owner, ids]) => {
    const of = ids.slice(0, OWNED_NAMED_MAX).join(' and ');
    const more = ids.length > OWNED_NAMED_MAX ? ` and ${ids.length - OWNED_NAMED_MAX} more` : '';
    return `${shownGroup(owner)}, the owner of ${of}${more}`;
  });
  const rest = owned.size - named.length;
  const others = rest > 0 ? [`${rest} more above`] : [];
  return [...named, ...others, `an operator of ${place}`].join('; ');
}

/** Grants that a refusal names: a token may carry hundreds. */
const GRANTS_NAMED_MAX = 5;

/** What a token or key lets its bearer be, in the words of a refusal for want of a role. */
export function describeRoles({ roles, grants }: Pick<Sender, 'roles' | 'grants'>): string {
  if (roles.length === 0 && grants.length === 0) return 'You have no role.';
  const named = grants
    .slice(0, GRANTS_NAMED_MAX)
    .map(({ role, scope }) => `${role} of ${shownGroup(scope)}`);
  const more = grants.length - named.length;
  return `You have ${[...roles, ...named].join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}
