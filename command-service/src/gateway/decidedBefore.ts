import { hash } from 'node:crypto';
import { isDecided } from '@prorata/quota-model';
import { outcomeReach } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import type { CommandOutcome } from '@prorata/schemas';
import { bodyHash } from '../writer/bodyHash.ts';
import { buildCommand } from './submit/buildCommand.ts';
import { SubmissionRefused } from './submit/submissionRefused.ts';
import type { OutcomeBook } from './submit/outcomeBook.ts';

type Json = Readonly<Record<string, unknown>>;

/** A command as its sender wrote it, without the content that the gateway fetches. */
export interface IncompleteCommand {
  readonly commandId: string;
  readonly principal: Principal;
  readonly body: Json & { readonly data: Json };
}

/** Commands remembered: as many as outcomes are kept; at 150 bytes each (two digests and a place in the map) 3 MB. */
const REMEMBERED_MAX = 20_000;

/**
 * The outcomes that commands have had whose content this gateway fetched, for when it cannot be fetched a
 * second time: the writer knows a command by the hash of its whole body. Without that the same command is
 * known here by a hash of what its sender wrote; another body under its id has another, and no outcome.
 */
export class DecidedBefore {
  readonly #book: Pick<OutcomeBook, 'find'>;
  /** By the incomplete command's hash the whole one's; the oldest first. */
  readonly #completed = new Map<string, string>();

  constructor(book: Pick<OutcomeBook, 'find'>) {
    this.#book = book;
  }

  /** To be called before it is sent. @param content as it was fetched */
  completed(command: IncompleteCommand, content: unknown): void {
    const { body, commandId, principal } = command;
    const whole = { ...body, data: { ...body.data, content } };
    const key = keyOf(command);
    try {
      const built = buildCommand({ body: whole, commandId, principal }, 0n);
      this.#completed.delete(key);
      this.#completed.set(key, textOf(bodyHash(built)));
    } catch (error) {
      // It is refused where it is sent, too, and has no outcome.
      if (!(error instanceof SubmissionRefused)) throw error;
    }
    const [oldest] = this.#completed.keys();
    if (this.#completed.size > REMEMBERED_MAX && oldest !== undefined)
      this.#completed.delete(oldest);
  }

  /** The outcome of the sender's own command, as far as this gateway has seen it. */
  outcomeOf(command: IncompleteCommand): CommandOutcome | undefined {
    const wanted = this.#completed.get(keyOf(command));
    if (wanted === undefined) return undefined;
    const { commandId, principal, body } = command;
    const { stream } = outcomeReach(principal);
    const { kind, issuer, subject } = principal.actor;
    return this.#book.find(commandId).find((outcome) => {
      const { actor } = outcome;
      return (
        actor?.kind === kind &&
        actor.issuer === issuer &&
        actor.subject === subject &&
        (stream === null || outcome.stream === stream) &&
        outcome.stream === body['stream'] &&
        wanted === textOf(outcome.bodyHash) &&
        isDecided(outcome)
      );
    });
  }
}

/** All that the sender wrote, and who it is; in whatever order its members stood. */
function keyOf({ commandId, principal, body }: IncompleteCommand): string {
  const { kind, issuer, subject } = principal.actor;
  const said = [kind, issuer, subject, commandId, sorted(body)];
  return hash('sha256', JSON.stringify(said), 'binary');
}

/** A buffer of its own would take five times its bytes. */
const textOf = (digest: Uint8Array): string => Buffer.from(digest).toString('latin1');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, sorted(each)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
