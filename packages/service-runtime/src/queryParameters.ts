import type { Request } from 'express';
import { Problem } from './problem.ts';
import type { ProblemViolation } from './problem.ts';

export interface QueryParameterTerms {
  readonly known: readonly string[];
  /** What is said of a name that is not known: `is none of from, to`. */
  readonly unknownSaid: string;
  /** Longer than anything that is asked with. */
  readonly textLengthMax: number;
}

/** Query parameters, read with every violation reported at once by `finish`. */
export class QueryParameters {
  readonly #query: Request['query'];
  readonly #textLengthMax: number;
  readonly #violations: ProblemViolation[] = [];

  constructor(
    { query }: Pick<Request, 'query'>,
    { known, unknownSaid, textLengthMax }: QueryParameterTerms,
  ) {
    this.#query = query;
    this.#textLengthMax = textLengthMax;
    for (const name of Object.keys(query)) {
      if (!known.includes(name)) this.report(name, unknownSaid);
    }
  }

  /** null: it is not given, or in no form that could be read, which is reported. */
  text(name: string): string | null {
    const value = this.#query[name];
    if (value === undefined || value === '') return null;
    const lengthMax = this.#textLengthMax;
    // No database takes a NUL within a text.
    if (typeof value === 'string' && value.length <= lengthMax && !value.includes('\0')) {
      return value;
    }
    this.report(name, `must be given once, with up to ${lengthMax} characters`);
    return null;
  }

  report(path: string, message: string): void {
    this.#violations.push({ path, message });
  }

  /** @throws Problem 422 when anything was wrong */
  finish(): void {
    if (this.#violations.length === 0) return;
    const names = this.#violations.map(({ path }) => path).join(', ');
    throw new Problem(422, 'PARAMETER_INVALID', `Not understood: ${names}.`, {
      violations: this.#violations,
    });
  }
}
