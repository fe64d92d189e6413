import type { Actor, CommandMessage, CommandOutcome } from '@prorata/schemas';

export const actor: Actor = { kind: 'user', issuer: 'https://issuer.test', subject: 'u-1' };

export const COMMAND_ID = '11111111-1111-4111-8111-111111111111';

export function outcomeOf(changes: Partial<CommandOutcome> = {}): CommandOutcome {
  return {
    commandId: COMMAND_ID,
    commandType: 'DeleteQuota',
    stream: 'application:moka',
    actor,
    bodyHash: Buffer.alloc(32, 1),
    commandOffset: 7n,
    firstOffset: null,
    status: 'accepted',
    code: 'ACCEPTED',
    message: '',
    violations: [],
    dryRun: false,
    streamVersion: 3n,
    quotaId: 'moka/a',
    quotaVersion: 2n,
    eventIds: ['22222222-2222-8222-8222-222222222222'],
    result: null,
    preview: [],
    declared: [],
    oversubscription: [],
    previewOmitted: 0,
    reason: 'for the test',
    decidedAt: 1_000_000n,
    ...changes,
  };
}

export function commandOf(
  changes: Partial<CommandMessage['value']['envelope']> = {},
  quotaId = 'moka/a',
): CommandMessage {
  return {
    type: 'DeleteQuota',
    value: {
      envelope: {
        commandId: COMMAND_ID,
        stream: 'application:moka',
        actor,
        roles: ['operator'],
        groups: [],
        grants: [],
        waivers: [],
        usage: [],
        attestations: [],
        reason: 'for the test',
        expectedVersion: null,
        dryRun: false,
        submittedAt: 1_000_000n,
        ...changes,
      },
      quotaId,
      children: 'refuse',
    },
  };
}
