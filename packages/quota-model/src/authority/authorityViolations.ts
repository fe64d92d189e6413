/**
 * Whether a sender may make a change to a quota. Owners divide and lower what is theirs; a raise needs
 * somebody above; robots have rules of their own (commandAuthority.ts says which commands).
 */
import type { CommandMessage, ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { parentOf } from '../ids.ts';
import { declaredLimit } from '../layers.ts';
import type { DeclaredTerms } from '../layers.ts';
import { guaranteeOf } from '../limits.ts';
import type { ApplicationState, OverrideLayer, QuotaState } from '../model.ts';
import { projectOf } from '../payers.ts';
import { commandAuthority } from './commandAuthority.ts';
import { Comparisons } from './comparisons.ts';
import { looserByChange } from './looserByChange.ts';
import { stepViolations } from './robotStep.ts';
import { inheritedAt, isLooser, raisesOf } from './raises.ts';
import type { Raise } from './raises.ts';
import {
  describeRoles,
  describeStanding,
  describeSay,
  hasSayAt,
  holdsRole,
  isRobot,
  operates,
  rolesAt,
} from './sender.ts';
import type { Sender } from './sender.ts';

/** A quota as it was and as it would be; null where there is none. */
export interface QuotaStep {
  readonly quotaId: string;
  readonly before: (DeclaredTerms & Partial<Pick<QuotaState, 'override'>>) | null;
  readonly after: DeclaredTerms | null;
}

/** JSON pointer of what a raise is about: a resource, or a field of the quota. */
export type PathOf = (of: string) => string;

/** Whether the door is open to the sender at all, by the table alone. */
export function commandViolations(message: CommandMessage): Violation[] {
  const { type, value } = message;
  const { roles, over } = commandAuthority[type];
  const { envelope } = value;
  const allowed: readonly string[] = isRobot(envelope)
    ? roles.filter((role) => role === 'robot')
    : roles;
  const held =
    over === 'stream'
      ? rolesAt(envelope, envelope.stream)
      : [...envelope.roles, ...envelope.grants.map(({ role }) => role)];
  if (held.some((role) => allowed.includes(role))) return [];
  if (isRobot(envelope) && !roles.includes('robot')) {
    const people = `A robot may not send ${type}, whatever its roles: it takes a person or a service`;
    const message = `${people} with one of the roles ${roles.join(', ')}. ${describeRoles(envelope)}`;
    return [violation('NOT_ALLOWED', '', message)];
  }
  const where = over === 'stream' ? ` for all of ${envelope.stream}` : '';
  const message_ = `${type} needs one of the roles ${roles.join(', ')}${where}. ${describeRoles(envelope)}`;
  return [violation('NOT_ALLOWED', '', message_)];
}

/** Nothing, or that the quota is another's. */
export function ownershipViolations(
  state: ApplicationState,
  quotaId: string,
  sender: Sender,
): Violation[] {
  if (hasSayAt(state, sender, quotaId)) return [];
  const message = `${quotaId} is not yours: it takes ${describeSay(state, quotaId)}. ${describeStanding(sender, quotaId)}`;
  return [violation('NOT_OWNER', '', message)];
}

/**
 * Everything of one step (create, change, delete) that the sender may not do. A sender that has no say
 * at the quota at all learns only that.
 *
 * @param comparisons of the decision: all of its steps share them
 */
export function authorityViolations(
  state: ApplicationState,
  step: QuotaStep,
  sender: Sender,
  pathOf: PathOf = () => '',
  comparisons = new Comparisons(),
): Violation[] {
  const { quotaId, before, after } = step;
  const place = before === null ? parentOf(quotaId) : quotaId;
  const ownership = ownershipViolations(state, place, sender);
  if (ownership.length > 0) return ownership;
  const raises = raisesOf(state, quotaId, before, after);
  if (before !== null) {
    const known = new Set(raises.map(({ of }) => of));
    const looser = looserByChange(state, quotaId, after, comparisons);
    raises.push(...looser.filter(({ of }) => !known.has(of)));
  }
  if (before !== null && after === null) {
    raises.push(...upliftRaises(state, { ...before, quotaId }, true, sender));
  }
  return [
    ...refusedRaises(state, quotaId, raises, sender, pathOf),
    ...(before === null && after !== null ? payerViolations(state, quotaId, after, sender) : []),
    ...(after === null ? payerGoneViolations(state, quotaId, sender, pathOf) : []),
  ];
}

/** What of an override the sender may not set; the override that it replaces goes. */
export function overrideViolations(
  state: ApplicationState,
  quota: QuotaState,
  limits: readonly ResourceLimit[],
  sender: Sender,
): Violation[] {
  const ownership = ownershipViolations(state, quota.quotaId, sender);
  if (ownership.length > 0) return ownership;
  const place = parentOf(quota.quotaId);
  const raises = limits
    .filter(({ bound }) => bound !== 'blocked')
    .map(({ resource }) => ({ of: resource, what: 'an override, which outweighs cuts', place }));
  const former = upliftRaises(state, quota, false, sender).filter(
    ({ of }) => !raises.some((raise) => raise.of === of),
  );
  const pathOf: PathOf = (of) => {
    const index = limits.findIndex(({ resource }) => resource === of);
    return index < 0 ? '' : `/limits/${index}`;
  };
  return refusedRaises(state, quota.quotaId, [...raises, ...former], sender, pathOf);
}

/** Whether the sender may end the quota's override. */
export function liftViolations(
  state: ApplicationState,
  quota: QuotaState,
  sender: Sender,
): Violation[] {
  const ownership = ownershipViolations(state, quota.quotaId, sender);
  if (ownership.length > 0) return ownership;
  const raises = upliftRaises(state, quota, false, sender);
  return refusedRaises(state, quota.quotaId, raises, sender, () => '');
}

/**
 * Whether the sender may resize to this limit. Of a robot the role must reach the quota: how far it may
 * go, the owner's bounds and the application's step say.
 */
export function resizeAuthorityViolations(
  state: ApplicationState,
  quota: QuotaState,
  limit: ResourceLimit,
  sender: Sender,
): Violation[] {
  if (isRobot(sender)) {
    const reach = reachViolations(quota.quotaId, sender);
    return reach.length > 0 ? reach : stepViolations(state, quota, limit);
  }
  const rightsized = new Map<string, { readonly limit: ResourceLimit }>(quota.rightsized);
  const after = { content: quota.content, rightsized: rightsized.set(limit.resource, { limit }) };
  const step = { quotaId: quota.quotaId, before: quota, after };
  return authorityViolations(state, step, sender, () => '/limit');
}

function reachViolations(quotaId: string, sender: Sender): Violation[] {
  if (holdsRole(sender, ['robot'], quotaId)) return [];
  return [violation('NOT_ALLOWED', '', `The role robot does not reach ${quotaId}.`)];
}

/** The raises that are not the sender's to make. */
export function refusedRaises(
  state: ApplicationState,
  quotaId: string,
  raises: readonly Raise[],
  sender: Sender,
  pathOf: PathOf,
): Violation[] {
  return raises
    .filter(({ place }) => !hasSayAt(state, sender, place))
    .map(({ of, what, place }) => {
      const who = describeSay(state, place);
      const message = `A raise of ${quotaId} (${of}: ${what}) takes ${who}.`;
      return violation('RAISE_NOT_ALLOWED', pathOf(of), message);
    });
}

/**
 * What loosens when the quota's override goes, alone or with the quota. Whoever set it may take it back:
 * it held back no more than was theirs to hold back. One that takes its place does not count: it ends.
 */
function upliftRaises(
  state: ApplicationState,
  quota: DeclaredTerms & { readonly quotaId: string; readonly override?: OverrideLayer | null },
  isGone: boolean,
  sender: Sender,
): Raise[] {
  const { quotaId, override = null } = quota;
  if (override === null || isSetBy(override, sender)) return [];
  return override.limits.flatMap((limit) => {
    const of = limit.resource;
    const own = isGone ? null : declaredLimit(quota, of);
    const under = own ?? inheritedAt(state, quotaId, of);
    const keepsMore = under !== null && guaranteeOf(under) > guaranteeOf(limit);
    if (!isLooser(limit, under) && !keepsMore) return [];
    return [{ of, what: 'the end of an override that holds it back', place: parentOf(quotaId) }];
  });
}

function isSetBy(override: OverrideLayer, { actor }: Sender): boolean {
  const setter = override.provenance.actor;
  return setter.issuer === actor.issuer && setter.subject === actor.subject;
}

/** Whose money pays is not the owner's to say. */
function payerViolations(
  state: ApplicationState,
  quotaId: string,
  { content }: DeclaredTerms,
  sender: Sender,
): Violation[] {
  const parent = parentOf(quotaId);
  const { project } = content;
  if (project === null || project === projectOf(state, parent)) return [];
  if (operates(sender, parent)) return [];
  const message = `Who pays for ${quotaId} is for an operator of ${parent} to say.`;
  return [violation('NOT_ALLOWED', '/content/project', message)];
}

/**
 * Who no longer pays is not the owner's to say either: what is deleted with its payer could be made anew
 * unpaid, past the payer's entitlement.
 */
export function payerGoneViolations(
  state: ApplicationState,
  quotaId: string,
  sender: Sender,
  pathOf: PathOf,
): Violation[] {
  const parent = parentOf(quotaId);
  const project = state.quotas.get(quotaId)?.content.project ?? null;
  if (project === null || project === projectOf(state, parent)) return [];
  if (operates(sender, parent)) return [];
  const message = `${project} would no longer pay for ${quotaId}: that is for an operator of ${parent} to say.`;
  return [violation('NOT_ALLOWED', pathOf('project'), message)];
}
