/** The line to one validator: whose turn it is, how often again, and when nobody asks for a while. */
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
} from 'cockatiel';
import type { Actor, RemoteValidator } from '@prorata/schemas';
import { HostNotAllowed } from '@prorata/service-runtime';
import { AnswerUnusable } from './postQuestion.ts';
import { SecretMissing } from '@prorata/service-runtime';
import { ValidatorPlaces } from './validatorPlaces.ts';

/** Faults in a row after which nobody asks. */
const FAULTS_UNTIL_OPEN = 5;
/** How long nobody asks then, milliseconds; the next question decides whether all may. */
const OPEN_MS = 10_000;
/** The first wait before another try, milliseconds; later ones grow, with jitter. */
const RETRY_AFTER_MS = 50;
const RETRY_AFTER_MS_MAX = 2_000;

export class ValidatorLine {
  readonly #terms: Pick<RemoteValidator, 'deadlineMillis' | 'retries'>;
  readonly #places = new ValidatorPlaces();
  readonly #breaker = circuitBreaker(handleWhen(isFault), {
    halfOpenAfter: OPEN_MS,
    breaker: new ConsecutiveBreaker(FAULTS_UNTIL_OPEN),
  });
  readonly #retry;

  constructor(terms: Pick<RemoteValidator, 'deadlineMillis' | 'retries'>) {
    this.#terms = terms;
    this.#retry = retry(handleWhen(mayPass), {
      maxAttempts: terms.retries,
      backoff: new ExponentialBackoff({
        initialDelay: RETRY_AFTER_MS,
        maxDelay: RETRY_AFTER_MS_MAX,
      }),
    });
  }

  /** Nobody asks for now. */
  get isOpen(): boolean {
    return this.#breaker.state === CircuitState.Open;
  }

  /**
   * The deadline begins with the question: whoever waits for a turn costs the validator no fault.
   * @throws SubmissionRefused when there is no place; Error whose message says to people why there is
   * no answer, at the deadline at the latest
   */
  async ask<T>(actor: Actor, question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const leave = await this.#places.enter(actor);
    const deadline = AbortSignal.timeout(this.#terms.deadlineMillis);
    const late = new Promise<never>((_resolve, reject) => {
      deadline.addEventListener('abort', () => {
        reject(new Error(`No answer in ${this.#terms.deadlineMillis} ms.`));
      });
    });
    const asked = this.#retry.execute(
      () => this.#breaker.execute(() => question(deadline)),
      deadline,
    );
    // The place is free when the question has ended, with what the breaker learned of it.
    asked.then(leave, leave);
    // Whichever comes second is nobody's fault.
    late.catch(() => undefined);
    return Promise.race([asked, late]);
  }
}

/** What is said of a fault: an address or a secret of ours stands in none of them. */
export function reasonOf(error: unknown): string {
  if (error instanceof BrokenCircuitError) return 'It failed too often and is not asked for now.';
  if (error instanceof AnswerUnusable || error instanceof HostNotAllowed) return error.message;
  if (error instanceof SecretMissing) return error.message;
  if (error instanceof Error && error.message.startsWith('No answer in')) return error.message;
  const { code } = error as { code?: unknown };
  return `It cannot be reached${typeof code === 'string' ? ` (${code})` : ''}.`;
}

/** What a validator is to blame for; what an operator has not allowed opens no breaker. */
function isFault(error: unknown): boolean {
  return !(error instanceof HostNotAllowed || error instanceof SecretMissing);
}

function mayPass(error: unknown): boolean {
  if (error instanceof BrokenCircuitError || !isFault(error)) return false;
  return !(error instanceof AnswerUnusable && error.isLasting);
}
