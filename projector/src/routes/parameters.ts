import { Problem } from '@prorata/service-runtime';
import type { ProblemViolation } from '@prorata/service-runtime';
import type { Request } from 'express';

/** Rows of one answer: what a screen shows, and the most that one query may cost. */
const LIMIT_PRESET = 100;
const LIMIT_MAX = 1_000;
/** Longer than any id, cursor or subject. */
const TEXT_LENGTH_MAX = 1_024;

/** Query parameters, read with every violation reported at once by `finish`. */
export class Parameters {
  readonly #query: Request['query'];
  readonly #violations: ProblemViolation[] = [];

  constructor(request: Pick<Request, 'query'>, known: readonly string[]) {
    this.#query = request.query;
    const names =
      known.length === 0
        ? 'not read: this route has atLeast alone'
        : `none of ${[...known, 'atLeast'].join(', ')}`;
    for (const name of Object.keys(request.query)) {
      if (!known.includes(name)) this.report(name, `is ${names}`);
    }
  }

  text(name: string): string | null {
    const value = this.#query[name];
    if (value === undefined || value === '') return null;
    if (typeof value === 'string' && value.length <= TEXT_LENGTH_MAX && !value.includes('\0')) {
      return value;
    }
    this.report(name, `must be given once, with up to ${TEXT_LENGTH_MAX} characters`);
    return null;
  }

  /** Where a page goes on, in the form that `next` has here; anything else would find no row, or the wrong. */
  cursor(isNext: (text: string) => boolean): string | null {
    const text = this.text('after');
    if (text === null || isNext(text)) return text;
    this.report('after', 'must be the `next` of an answer');
    return null;
  }

  limit(): number {
    const text = this.text('limit');
    if (text === null) return LIMIT_PRESET;
    const limit = Number(text);
    if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
    this.report('limit', `must be 1 to ${LIMIT_MAX}`);
    return LIMIT_PRESET;
  }

  oneOf<T extends string>(name: string, values: readonly T[], preset: T): T {
    const text = this.text(name);
    if (text === null) return preset;
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.report(name, `must be one of ${values.join(', ')}`);
    return value ?? preset;
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
