import type { CommandMessage, RemoteValidator } from '@prorata/schemas';

type CommandType = CommandMessage['type'];

/** What validators are asked about unless they name commands: whatever changes declared limits or attributes, or asks for it. */
const byDefault: ReadonlySet<string> = new Set<CommandType>([
  'ApproveProposal',
  'ChangeQuota',
  'ChangeTree',
  'CreateQuota',
  'DeclareQuota',
  'MoveQuota',
  'PromoteRollout',
  'RequestIncrease',
  'ResizeQuota',
  'RestoreQuota',
  'StartRollout',
]);

/**
 * What a validator may name. An override, a suspension and a delete are not validated unless it does:
 * nobody who fights a fire should wait for a third party, and a delete leaves only room.
 */
export const validatedCommands: ReadonlySet<string> = new Set<string>([
  ...byDefault,
  ...(['DeleteQuota', 'OverrideQuota', 'SuspendQuota'] satisfies CommandType[]),
]);

/** What a rollout makes of quotas in the end (one that a resize began, a resize): who checks that is asked about the rollout too, whatever it names. */
const rolledOut: readonly CommandType[] = ['ChangeQuota', 'ChangeTree', 'RestoreQuota'];

/** The validators that must have been asked about a command: the gateway asks them, and `decide` looks. */
export function askedValidators<V extends Pick<RemoteValidator, 'commands' | 'resources'>>(
  validators: readonly V[],
  command: CommandMessage,
): V[] {
  const spoken = resourcesIn(command);
  return validators.filter(({ commands, resources }) => {
    if (!isNamed(commands, command.type)) return false;
    return resources.length === 0 || spoken === null || resources.some((each) => spoken.has(each));
  });
}

function isNamed(commands: readonly string[], type: CommandType): boolean {
  if (commands.length === 0) return byDefault.has(type);
  if (commands.includes(type)) return true;
  const isRollout = type === 'StartRollout' || type === 'PromoteRollout';
  if (type === 'PromoteRollout' && commands.includes('ResizeQuota')) return true;
  return isRollout && rolledOut.some((each) => commands.includes(each));
}

/** The resources that a command speaks of; null when that follows from more than the command. */
function resourcesIn({ type, value }: CommandMessage): ReadonlySet<string> | null {
  switch (type) {
    case 'CreateQuota':
      return new Set(value.content.limits.map(({ resource }) => resource));
    case 'ChangeQuota':
      // What the quota has beside them goes.
      if (value.onlySetLimits) return null;
      return new Set([...value.setLimits.map(({ resource }) => resource), ...value.unsetLimits]);
    case 'RequestIncrease':
      return new Set([...value.limits.map(({ resource }) => resource), ...value.unsetLimits]);
    case 'ResizeQuota':
      return new Set([value.limit.resource]);
    case 'OverrideQuota':
      return new Set(value.limits.map(({ resource }) => resource));
    default:
      return null;
  }
}
