import type { CommandAnswer, CommandRequest } from '@prorata/service-runtime';

/** A command as a control loop makes it; its id is derived from why it is made. */
export interface LoopCommand {
  readonly commandId: string;
  readonly type: CommandRequest['type'];
  readonly stream: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly expectedVersion?: bigint;
}

export type PostCommand = (command: LoopCommand) => Promise<CommandAnswer>;

/** As many as a loop posts in one evaluation, many times over: beyond it the gateway is simply away. */
const UNANSWERED_MAX = 1_000;

/**
 * Posts commands, and remembers those whose outcome is not known: they may or may not have been
 * decided. About the same subject nothing new is said before the old is answered or given up, and
 * asking again repeats it to the letter, so that the log decides it once.
 */
export class CommandDesk {
  readonly #post: PostCommand;
  readonly #unanswered = new Map<string, LoopCommand>();
  #isClosed = false;

  constructor(post: PostCommand) {
    this.#post = post;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Nothing is posted any more: a stop must not wait for a gateway that is away. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Gives up the commands that are not called for any more: repeated later, they would act on grounds
   * that have passed, and what is called for now would wait behind them.
   */
  keep(isCalledFor: (subject: string, command: LoopCommand) => boolean): void {
    for (const [subject, command] of this.#unanswered) {
      if (!isCalledFor(subject, command)) this.#unanswered.delete(subject);
    }
  }

  /**
   * Posts a command that its maker repeats by itself until it is answered: nothing is remembered here.
   */
  async send(command: LoopCommand): Promise<CommandAnswer> {
    return this.#isClosed ? unknownAnswer(command, 'The service stops.') : this.#post(command);
  }

  /**
   * @param subject what the command is about, such as a quota's resource
   * @returns the answer to the command that its `commandId` names: while an older one about the same
   * subject has no answer, that one is repeated, and `command` is not posted
   */
  async post(subject: string, command: LoopCommand): Promise<CommandAnswer> {
    const due = this.#unanswered.get(subject) ?? command;
    const isFull = !this.#unanswered.has(subject) && this.#unanswered.size >= UNANSWERED_MAX;
    if (isFull || this.#isClosed) {
      const detail = isFull ? 'Too many commands wait for their answer.' : 'The service stops.';
      return unknownAnswer(command, detail);
    }
    this.#unanswered.set(subject, due);
    const answer = await this.#post(due);
    if (answer.status !== 'unknown') this.#unanswered.delete(subject);
    return answer;
  }
}

function unknownAnswer({ commandId }: LoopCommand, detail: string): CommandAnswer {
  return { status: 'unknown', commandId, code: null, detail, violations: [], outcome: null };
}
