import type { Action } from './plan.ts';
import { isJson } from './json.ts';

/** Whether a change gives more of anything: where it stands in the order of commands follows from that. */
export function loosens({ differences }: Pick<Action, 'differences'>): boolean {
  return differences.some(({ field, before, after }) => {
    if (!field.startsWith('limits.')) return false;
    if (after === undefined) return true;
    return upperOf(after) > upperOf(before) || guaranteeOf(after) > guaranteeOf(before);
  });
}

const upper = {
  rate: 'amount',
  concurrency: 'max',
  capacity: 'max',
  consumable: 'amount',
} as const;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
};

/** Near enough for an order: nothing is decided by it. A limit that is not there bounds nothing. */
function upperOf(limit: unknown): number {
  if (!isJson(limit)) return Infinity;
  for (const [kind, name] of Object.entries(upper)) {
    const body = limit[kind];
    if (isJson(body)) return amountOf(body[name]) / secondsOf(body['per']);
  }
  return Infinity;
}

function guaranteeOf(limit: unknown): number {
  const capacity = isJson(limit) ? limit['capacity'] : undefined;
  return isJson(capacity) ? amountOf(capacity['guaranteed'] ?? 0) : 0;
}

export function amountOf(value: unknown): number {
  if (value === 'unlimited') return Infinity;
  return value === 'blocked' ? 0 : Number(value);
}

function secondsOf(per: unknown): number {
  const [, count = '1', unit = 's'] =
    /^(\d+)(\w+)$/.exec(typeof per === 'string' ? per : '1s') ?? [];
  return Number(count) * (UNIT_SECONDS[unit] ?? 1);
}
