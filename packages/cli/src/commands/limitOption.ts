import { CommandError } from '../commandError.ts';
import type { Json } from '../plan/json.ts';

const FORM =
  /^([^=]+)=(?:(unlimited|blocked)|([1-9]\d{0,18})(?:\/(\d*(?:us|ms|s|m|h|d)))?(?:,burst=([1-9]\d{0,18}))?)$/;

/**
 * `tokens=90000/s`, `tokens=90000/5m,burst=120000`, `requests=400`, `requests=blocked`: a limit of the kind that the
 * application declares for the resource.
 * @throws CommandError (exit 2) for another form, or a resource that the application does not have
 */
export function limitOf(text: string, resources: readonly Json[]): Json {
  const [, resource, word, amount, per, burst] = FORM.exec(text) ?? [];
  if (resource === undefined) {
    throw new CommandError(
      `no limit ${text}; write tokens=90000/s, requests=400 or requests=blocked`,
      2,
    );
  }
  const declared = resources.find(({ name }) => name === resource);
  if (declared === undefined) {
    const names = resources.map(({ name }) => String(name)).join(', ');
    throw new CommandError(`no resource ${resource}; the application has ${names}`, 2);
  }
  const kind = String(declared['kind']);
  const isRate = kind === 'rate';
  if (!isRate && (per !== undefined || burst !== undefined)) {
    throw new CommandError(`${resource} is no rate: it has neither a time nor a burst`, 2);
  }
  if (kind === 'consumable') {
    throw new CommandError(
      `${resource} is consumed in a window: declare it in a file, or send OverrideQuota`,
      2,
    );
  }
  const upper = isRate ? 'amount' : 'max';
  const body = {
    [upper]: word ?? longOf(amount ?? ''),
    ...(isRate && word === undefined ? { per: perOf(per) } : {}),
    ...(burst === undefined ? {} : { burst: longOf(burst) }),
  };
  return { resource, [kind]: body };
}

const longOf = (digits: string): number | string =>
  Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;

const perOf = (per = '1s'): string => (/^\d/.test(per) ? per : `1${per}`);

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `90m`, `2h`, `3d` from now, or a time as it is written. @throws CommandError (exit 2) */
export function endOf({
  for: length,
  until,
}: {
  readonly for?: string;
  readonly until?: string;
}): string {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(length ?? '') ?? [];
  if (length !== undefined && until === undefined && count !== undefined) {
    return new Date(Date.now() + Number(count) * (UNIT_MS[unit] ?? 0)).toISOString();
  }
  if (length === undefined && until !== undefined && !Number.isNaN(Date.parse(until))) return until;
  throw new CommandError(
    'say when it ends: --for 2h (s, m, h or d), or --until 2026-01-02T18:00:00Z',
    2,
  );
}
