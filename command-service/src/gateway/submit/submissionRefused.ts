import type { ProblemCode, ProblemViolation } from '@prorata/service-runtime';

/** Of a list of faults so many are spoken of; the list has them all. */
const PLACES_IN_DETAIL = 5;

/** What of a command cannot be understood, for people, in whatever terms the paths are. */
export function notUnderstood(violations: readonly ProblemViolation[], total: number): string {
  const places = violations
    .slice(0, PLACES_IN_DETAIL)
    .map(({ path, message }) => `${path} ${message}`.trim());
  const more = total > PLACES_IN_DETAIL ? `; ${total - PLACES_IN_DETAIL} more` : '';
  return `The command cannot be understood: ${places.join('; ')}${more}.`;
}

export interface SubmissionRefusedOptions {
  readonly violations?: readonly ProblemViolation[];
  /** When it may pass, seconds. */
  readonly retryAfterS?: number;
  readonly cause?: unknown;
}

/**
 * A command that is not taken, or not known to be: said by the gateway, never by the model. `code`
 * stands in the table of problems; how it is said over the wire is the interface's.
 */
export class SubmissionRefused extends Error {
  override readonly name = 'SubmissionRefused';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly violations: readonly ProblemViolation[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ProblemCode, detail: string, options: SubmissionRefusedOptions = {}) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.violations = options.violations;
    this.retryAfterS = options.retryAfterS;
  }
}
