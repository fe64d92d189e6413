import { outcomeReach } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { CommandOutcome } from '@prorata/schemas';
import type { OutcomeBook } from './submit/outcomeBook.ts';

/** A command of which a field is missing, so that no hash of it can be made. */
export interface IncompleteCommand {
  readonly commandId: string;
  readonly principal: Principal;
  /** As the client writes a command; `reason` and `dryRun` may be absent. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly quotaId: unknown;
}

/**
 * The outcome that the sender's own command of this id has had, as far as this gateway has seen it, and as
 * far as it can tell the same command by its type, quota, reason and dry run. Another body under the id,
 * which the writer would refuse, is told from it by no more than these.
 */
export function decidedBefore(
  book: Pick<OutcomeBook, 'find'>,
  { commandId, principal, body, quotaId }: IncompleteCommand,
): CommandOutcome | undefined {
  const { stream } = outcomeReach(principal);
  const { kind, issuer, subject } = principal.actor;
  return book.find(commandId).find((outcome) => {
    const { actor } = outcome;
    return (
      actor?.kind === kind &&
      actor.issuer === issuer &&
      actor.subject === subject &&
      (stream === null || outcome.stream === stream) &&
      outcome.stream === body['stream'] &&
      outcome.commandType === body['type'] &&
      outcome.quotaId === quotaId &&
      outcome.reason === body['reason'] &&
      outcome.dryRun === (body['dryRun'] ?? false) &&
      outcome.code !== 'COMMAND_ID_REUSED'
    );
  });
}
