import { CommandError } from '../commandError.ts';
import type { Json } from '../plan/json.ts';
import { LENGTH_FORMS, lengthMs } from './lengthOption.ts';

const FORM =
  /^([^=]+)=(?:(unlimited|blocked)|([1-9]\d{0,18})(?:\/(\d*(?:us|ms|s|m|h|d)))?(?:,burst=([1-9]\d{0,18}))?)$/;

/** The kinds of limits that have a short form. */
export type LimitKind = 'rate' | 'concurrency' | 'capacity';

/** A limit as it was typed: what kind of limit it is, the application declares. */
export interface TypedLimit {
  readonly resource: string;
  /** What its form can be: with a time or a burst a rate alone. */
  readonly kinds: readonly LimitKind[];
  /** As the interface takes it, were it of that kind. */
  readonly as: (kind: LimitKind) => Json;
}

/**
 * `tokens=90000/s`, `tokens=90000/5m,burst=120000`, `requests=400`, `requests=blocked`.
 * @throws CommandError (exit 2) for another form
 */
export function typedLimit(text: string): TypedLimit {
  const [, resource, word, amount = '', per, burst] = FORM.exec(text) ?? [];
  if (resource === undefined) {
    throw new CommandError(
      `no limit ${text}; write tokens=90000/s, requests=400 or requests=blocked`,
      2,
    );
  }
  const bound = word ?? longOf(amount);
  const isRate = per !== undefined || burst !== undefined;
  return {
    resource,
    kinds: isRate ? ['rate'] : ['rate', 'concurrency', 'capacity'],
    as: (kind) => {
      if (kind !== 'rate') return { resource, [kind]: { max: bound } };
      const time = word === undefined ? { per: perOf(per) } : {};
      const most = burst === undefined ? {} : { burst: longOf(burst) };
      return { resource, rate: { amount: bound, ...time, ...most } };
    },
  };
}

const longOf = (digits: string): number | string =>
  Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;

const perOf = (per = '1s'): string => (/^\d/.test(per) ? per : `1${per}`);

/** `90m`, `2h`, `3d` from now, or a time as it is written. @throws CommandError (exit 2) */
export function endOf({
  for: length,
  until,
}: {
  readonly for?: string;
  readonly until?: string;
}): string {
  if (length !== undefined && until === undefined) {
    const ms = lengthMs(length);
    if (ms !== null) return new Date(Date.now() + ms).toISOString();
    throw new CommandError(`--for ${length} is no length: write ${LENGTH_FORMS}`, 2);
  }
  if (length === undefined && until !== undefined && !Number.isNaN(Date.parse(until))) return until;
  throw new CommandError(
    'say when it ends: --for 2h (s, m, h or d), or --until 2026-01-02T18:00:00Z',
    2,
  );
}
