import { QueryParameters } from '@prorata/service-runtime';
import type { Request } from 'express';

/** Rows of one answer: what a screen shows, and the most that one query may cost. */
const LIMIT_PRESET = 100;
const LIMIT_MAX = 1_000;
/** Longer than any id, cursor or subject. */
const TEXT_LENGTH_MAX = 1_024;

/** Of the routes over read models: pages, and values out of a list. */
export class Parameters extends QueryParameters {
  constructor(request: Pick<Request, 'query'>, known: readonly string[]) {
    const unknownSaid =
      known.length === 0
        ? 'is not read: this route has atLeast alone'
        : `is none of ${[...known, 'atLeast'].join(', ')}`;
    super(request, { known, unknownSaid, textLengthMax: TEXT_LENGTH_MAX });
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
}
