/** What the command line's exit codes mean, in one table: the reference page is made from it. */
export const exitCodes = {
  done: { code: 0, meaning: 'done; of `plan`: it could be worked out' },
  failed: {
    code: 1,
    meaning: 'it failed, was refused, or not all is ready; the message says what to type next',
  },
  usage: { code: 2, meaning: 'the command line makes no sense; nothing was done' },
  changes: { code: 2, meaning: 'only of `plan --detailed-exitcode`: there is something to change' },
  waits: {
    code: 3,
    meaning: 'something waits for the approval of a second person, and was printed with its id',
  },
  conflict: {
    code: 4,
    meaning: 'somebody else changed the same thing meanwhile; the message says who and when',
  },
  interrupted: { code: 130, meaning: 'given up by Ctrl-C' },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;
