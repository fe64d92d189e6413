import { AnswerTooLarge, guardedRequest } from '@prorata/service-runtime';

/** A verdict and some totals: more is not read, bytes. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** The validator could be reached and did not answer as agreed. */
export class AnswerUnusable extends Error {
  override readonly name = 'AnswerUnusable';
  /** Whether asking again may help: not where the question itself was refused. */
  readonly isLasting: boolean;

  constructor(message: string, isLasting: boolean) {
    super(message);
    this.isLasting = isLasting;
  }
}

/**
 * One POST, without following where an answer leads.
 * @returns the text of a 200
 * @throws AnswerUnusable, HostNotAllowed, or the connection's own error
 */
export async function postQuestion(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const json = { 'content-type': 'application/json', accept: 'application/json' };
  const request = { url, method: 'POST', body, signal, answerBytesMax: ANSWER_BYTES_MAX } as const;
  const { status, text } = await guardedRequest({
    ...request,
    headers: { ...json, ...headers },
  }).catch((error: unknown) => {
    if (error instanceof AnswerTooLarge) {
      throw new AnswerUnusable(`Its answer has more than ${ANSWER_BYTES_MAX} bytes.`, true);
    }
    throw error;
  });
  if (status !== 200) {
    throw new AnswerUnusable(`It answered ${status}.`, status >= 300 && status < 500);
  }
  return text;
}
