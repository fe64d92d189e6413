import { hashOf } from '@prorata/schemas';
import type { CommandMessage } from '@prorata/schemas';

/**
 * SHA-256 over a command's type and what its sender chose: its fields, reason, expected version,
 * waivers, usage and dry run. What the gateway adds (its time, the roles, groups and grants, what remote
 * validators said) is left out, for a second try differs in it.
 */
export function bodyHash(command: CommandMessage): Buffer {
  const envelope = {
    ...command.value.envelope,
    roles: [],
    groups: [],
    grants: [],
    attestations: [],
    submittedAt: 0n,
  };
  return hashOf({ ...command, value: { ...command.value, envelope } } as CommandMessage);
}
