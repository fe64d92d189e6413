/** Codes that the writer itself gives, beside the quota model's: one table for routes and documents. */
export const writerCodes = {
  COMMAND_UNSIGNED: {
    status: 403,
    title: 'The command is not signed',
    remedy: 'Send commands through the gateway; nothing else may write them.',
  },
  COMMAND_SIGNATURE_INVALID: {
    status: 403,
    title: "The command's signature does not hold",
    remedy:
      "Give the writer the public key of the gateway's signing key, and set the clocks right.",
  },
  COMMAND_TOO_OLD: {
    status: 409,
    title: 'The command waited too long to be decided',
    remedy: 'Look at what is in force now, and send the command again with a new id.',
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
      'The bytes are in quota.commands.dlq; register schemas before anybody writes with them.',
  },
  COMMAND_ID_REUSED: {
    status: 409,
    title: 'The id names another command',
    remedy: 'Use a new id for every command, and the same id only to send the same body again.',
  },
  COMMAND_TOO_LARGE: {
    status: 422,
    title: 'The command would yield more events than fit in one append',
    remedy: 'Split the project or the application, so that one command touches fewer quotas.',
  },
} as const;

export type WriterCode = keyof typeof writerCodes;
