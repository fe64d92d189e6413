import { hashOf } from '@prorata/schemas';
import type { CommandMessage } from '@prorata/schemas';

/**
 * SHA-256 over a command's type and what its sender chose: its fields, reason, expected version and
 * dry run. The gateway's time and the roles are left out, for a second try differs in them.
 */
export function bodyHash(command: CommandMessage): Buffer {
  const envelope = { ...command.value.envelope, roles: [], submittedAt: 0n };
  return hashOf({ ...command, value: { ...command.value, envelope } } as CommandMessage);
}
