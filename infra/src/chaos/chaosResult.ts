/** What a run came to; the last line that it prints. */
export interface ChaosResult {
  /** Commands, each with an id of its own; sending one again counts once. */
  readonly sent: number;
  readonly accepted: number;
  readonly refused: number;
  /** Still unknown after asking again with the same id. */
  readonly unknown: number;
  /** Accepted commands whose events the log holds, read from it by somebody else. */
  readonly inLog: number;
  /** Commands that the log does not hold as they were answered, and streams whose chain is broken. */
  readonly lost: number;
  /** Commands that were decided or applied more than once. */
  readonly duplicated: number;
}

export function held({ lost, duplicated, unknown }: ChaosResult): boolean {
  return lost === 0 && duplicated === 0 && unknown === 0;
}
