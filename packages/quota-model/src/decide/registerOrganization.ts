import type { RegisterOrganization } from '@prorata/schemas';
import type { Decision, OrganizationState } from '../model.ts';
import { nameViolations } from '../validate/organizationNames.ts';
import { aboutNoQuota, accept, alreadySo, refusal } from './answer.ts';
import { versionFault } from './preconditions.ts';

/** The version expected is the registration's. Budgets that are there stay as they are. */
export function registerOrganization(
  state: OrganizationState | null,
  command: RegisterOrganization,
): Decision {
  const former = state?.registration ?? null;
  const refused = versionFault(command.envelope, former?.version ?? 0n);
  if (refused !== null) return refused;
  const { displayName } = command;
  const shape = refusal(nameViolations(displayName, '/displayName'));
  if (shape !== null) return shape;
  if (former?.displayName === displayName) return alreadySo;
  const version = (former?.version ?? 0n) + 1n;
  return accept([
    { type: 'OrganizationRegistered', data: { displayName, version }, ...aboutNoQuota },
  ]);
}
