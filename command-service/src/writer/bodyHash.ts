import { hashOf, sparseHashOf } from '@prorata/schemas';
import type { CommandMessage } from '@prorata/schemas';

/**
 * SHA-256 over a command's type and what its sender chose: its fields, reason, expected version,
 * waivers, usage and dry run. What the gateway adds (its time, the roles, groups and grants, what remote
 * validators said) is left out, for a second try differs in it; so are fields that hold their
 * defaults, for a command that is sent again after its schema has gained some is the same command.
 */
export function bodyHash(command: CommandMessage): Buffer {
  return sparseHashOf(asChosen(command));
}

/**
 * As it was made before fields with defaults were left out. Outcomes of the last 24 hours may have it:
 * it goes with the release after the next.
 */
export function formerBodyHash(command: CommandMessage): Buffer {
  return hashOf(asChosen(command));
}

function asChosen(command: CommandMessage): CommandMessage {
  const envelope = {
    ...command.value.envelope,
    roles: [],
    groups: [],
    grants: [],
    attestations: [],
    submittedAt: 0n,
  };
  return { ...command, value: { ...command.value, envelope } } as CommandMessage;
}
