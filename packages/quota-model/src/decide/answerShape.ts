import type { ProcessAnswer } from '@prorata/schemas';
import type { Decision } from '../model.ts';
import { MESSAGE_LENGTH_MAX, TEXT_LENGTH_MAX } from '../modelBounds.ts';
import { refuse } from './answer.ts';

/** A refusal has a code, and only a refusal has one. */
export function answerFault(command: {
  readonly answer: ProcessAnswer;
  readonly code: string | null;
  readonly detail: string | null;
}): Decision | null {
  const { answer, code, detail } = command;
  if ((answer === 'refused') !== (code !== null)) {
    return refuse('INVALID_COMMAND', '/code', 'A refusal has a code, and nothing else has.');
  }
  if ((code?.length ?? 0) > TEXT_LENGTH_MAX) {
    return refuse('TOO_LARGE', '/code', `A code has at most ${TEXT_LENGTH_MAX} characters.`);
  }
  if ((detail?.length ?? 0) <= MESSAGE_LENGTH_MAX) return null;
  return refuse('TOO_LARGE', '/detail', `It has at most ${MESSAGE_LENGTH_MAX} characters.`);
}
