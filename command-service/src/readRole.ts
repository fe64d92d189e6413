import { parseArgs } from 'node:util';

export type CommandServiceRole = 'gateway' | 'writer' | 'both';

/** @throws TypeError when the arguments name no role */
export function readRole(args: readonly string[]): CommandServiceRole {
  const { values } = parseArgs({ args: [...args], options: { role: { type: 'string' } } });
  const { role } = values;
  if (role === 'gateway' || role === 'writer' || role === 'both') return role;
  throw new TypeError('Say which part this process plays: --role gateway, writer or both.');
}
