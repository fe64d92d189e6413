import { refusalCodes } from '@prorata/quota-model';

/** What an accepted outcome can say. */
export const acceptedCodes = {
  ACCEPTED: {
    status: 200,
    title: 'It was decided, and its events are written; of a dry run they would be',
    remedy: 'Nothing: it holds',
  },
  PROPOSED: {
    status: 200,
    title: 'Nothing has changed yet: it waits for the approval of a second person',
    remedy:
      'Have it approved by the time in the message: POST /v1/proposals/{result}/approve. `result` names the proposal',
  },
} as const;

export type AcceptedCode = keyof typeof acceptedCodes;

interface CodeEntry {
  readonly status: 403 | 404 | 409 | 422 | 503;
  readonly title: string;
  readonly remedy: string;
  /** When it may be sent again with the same id, seconds. */
  readonly retryAfterS?: number;
}

/** What the writer itself refuses, beside what the model does. */
const writerCodes = {
  COMMAND_UNSIGNED: refusalCodes.COMMAND_UNSIGNED,
  COMMAND_TOO_OLD: refusalCodes.COMMAND_TOO_OLD,
  COMMAND_ID_REUSED: refusalCodes.COMMAND_ID_REUSED,
  COMMAND_SIGNATURE_INVALID: {
    status: 403,
    title: "The command's signature does not hold",
    remedy:
      "Give the writer the public key of the gateway's signing key, and set the clocks right.",
  },
  COMMAND_MISROUTED: {
    status: 422,
    title: 'The command is not in the partition of its stream',
    remedy: 'Send commands through the gateway, which knows the partition.',
  },
  COMMAND_UNREADABLE: {
    status: 422,
    title: 'The bytes are no command',
    remedy:
      'The bytes are in quota.commands.dlq; apply the schemas before anybody writes with them.',
  },
  COMMAND_TOO_LARGE: {
    status: 422,
    title: 'The command would yield more events than fit in one append',
    remedy:
      'Split the project or the application, so that one command touches fewer quotas. A shorter reason ' +
      'helps, which each event repeats.',
  },
  PROPOSAL_TOO_LARGE: {
    status: 422,
    title:
      'It waits for a second person, whose approval would yield more events than fit in one append',
    remedy: 'Send its raises in smaller commands, or with less in each quota that they change.',
  },
  PARTITION_FULL: {
    status: 409,
    title: 'The partition holds as many quotas as it may',
    remedy:
      'Delete quotas that nobody uses, or let the writers hold more (PRORATA_PARTITION_QUOTAS_MAX).',
  },
  TIMERS_PENDING: {
    status: 503,
    title: 'More overrides and proposals end in the stream at this moment than a command waits for',
    remedy: 'Send it again with the same id after some seconds: nothing was decided about it.',
    retryAfterS: 5,
  },
  TOO_MANY_COMMANDS: {
    status: 409,
    title: 'The partition remembers as many commands as it can',
    remedy:
      'Send it again later: a command is remembered for 24 hours. Send fewer, or spread them.',
  },
} as const satisfies Record<string, CodeEntry>;

export type WriterCode = keyof typeof writerCodes;

/** Every code that a refused outcome can have. */
export const outcomeCodes: Readonly<Record<string, CodeEntry>> = {
  ...refusalCodes,
  ...writerCodes,
};

export const TOO_MANY_REMEDY = writerCodes.TOO_MANY_COMMANDS.remedy;
export const TIMERS_PENDING_REMEDY = writerCodes.TIMERS_PENDING.remedy;
export const PARTITION_FULL_REMEDY = writerCodes.PARTITION_FULL.remedy;
export const TOO_LARGE_REMEDY = writerCodes.COMMAND_TOO_LARGE.remedy;
export const PROPOSAL_TOO_LARGE_REMEDY = writerCodes.PROPOSAL_TOO_LARGE.remedy;
