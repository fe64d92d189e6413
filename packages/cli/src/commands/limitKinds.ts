import type { CommandAnswer } from '@prorata/service-runtime/postCommand';
import { CommandError } from '../commandError.ts';
import type { SentCommand } from '../gateway/gatewayClient.ts';
import type { Json } from '../plan/json.ts';
import type { LimitKind, TypedLimit } from './limitOption.ts';

/** What the writer would make of each command, by itself. */
export type TryDry = (commands: readonly SentCommand[]) => Promise<readonly CommandAnswer[]>;

/** One limit of one kind, to be tried. */
interface Guess {
  readonly typed: TypedLimit;
  readonly kind: LimitKind;
}

/**
 * Typed limits, each of the kind that the application declares. The writer says which that is, by dry runs of those
 * that could be of several: it is the one that decides the command in any case, and an override must not need the
 * read side.
 * @param command an override of this limit alone
 * @throws CommandError (exit 2) for a resource that has no limit of this form
 */
export async function limitsInKind(
  typed: readonly TypedLimit[],
  command: (limit: Json) => SentCommand,
  tryDry: TryDry,
): Promise<readonly Json[]> {
  const guesses = typed
    .filter(({ kinds }) => kinds.length > 1)
    .flatMap((each): Guess[] => each.kinds.map((kind) => ({ typed: each, kind })));
  if (guesses.length === 0) return typed.map((each) => each.as('rate'));
  const answers = await tryDry(guesses.map((guess) => command(guess.typed.as(guess.kind))));
  const fitting = guesses.filter((_, index) => !isOtherKind(answers[index]));
  return typed.map((each) => each.as(kindOf(each, fitting)));
}

/** Whatever else is refused is refused of the command itself, in the writer's words. */
const isOtherKind = (answer: CommandAnswer | undefined): boolean =>
  answer?.code === 'KIND_MISMATCH' ||
  answer?.violations.some(({ code }) => code === 'KIND_MISMATCH') === true;

function kindOf(typed: TypedLimit, fitting: readonly Guess[]): LimitKind {
  const { resource, kinds } = typed;
  const [only] = kinds;
  if (kinds.length === 1 && only !== undefined) return only;
  const guess = fitting.find((each) => each.typed === typed);
  if (guess !== undefined) return guess.kind;
  throw new CommandError(
    `${resource} is consumed in a window: declare it in a file, or send OverrideQuota`,
    2,
  );
}
