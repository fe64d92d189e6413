import type { LimitKind, ResourceLimit } from './generated/messages.ts';
import type { Report } from './jsonValues.ts';
import {
  isObject,
  isText,
  longFromJson,
  longToJson,
  longFault,
  pointer,
  TEXT_EXPECTED,
} from './jsonValues.ts';

const OR_WORD = 'or "unlimited", or "blocked"';
/** What the model takes as the time of a rate: 366 days, microseconds. */
const RATE_PER_MAX = '366d';
const RATE_PER_MAX_MICROS = 366n * 86_400_000_000n;

/** The fields of each kind: the name of its upper bound, and what else it may say. */
const forms: Readonly<Record<LimitKind, { bound: 'amount' | 'max'; others: readonly string[] }>> = {
  rate: { bound: 'amount', others: ['per', 'burst'] },
  concurrency: { bound: 'max', others: [] },
  capacity: { bound: 'max', others: ['guaranteed'] },
  consumable: { bound: 'amount', others: ['window', 'zone'] },
};

/** `{"resource": "tokens", "rate": {"amount": 40000, "per": "1s", "burst": 80000}}`. */
export function limitFromJson(
  json: Record<string, unknown>,
  path: string,
  report: Report,
): ResourceLimit | null {
  const { resource, ...rest } = json;
  const [kind, ...more] = Object.keys(rest);
  const form =
    kind !== undefined && Object.hasOwn(forms, kind) ? forms[kind as LimitKind] : undefined;
  if (form === undefined || more.length > 0) {
    return report(path, `must name one of ${Object.keys(forms).join(', ')}, beside resource`);
  }
  const body = rest[kind as LimitKind];
  const at = `${path}/${kind ?? ''}`;
  if (!isObject(body)) return report(at, 'must be an object');
  for (const name of Object.keys(body)) {
    if (name !== form.bound && !form.others.includes(name)) {
      report(`${at}/${pointer(name)}`, 'is not a field here');
    }
  }
  if (!isText(resource)) return report(`${path}/resource`, TEXT_EXPECTED);
  return {
    resource,
    kind: kind as LimitKind,
    ...boundFromJson(body[form.bound], `${at}/${form.bound}`, report),
    perMicros: kind === 'rate' ? durationFromJson(body['per'] ?? '1s', `${at}/per`, report) : null,
    burst: amountOrNull(body['burst'], `${at}/burst`, report),
    guaranteed: amountOrNull(body['guaranteed'], `${at}/guaranteed`, report),
    window: kind === 'consumable' ? windowFromJson(body['window'], `${at}/window`, report) : null,
    zone: textOrNull(body['zone'], `${at}/zone`, report),
  };
}

export function limitToJson(limit: ResourceLimit): Record<string, unknown> {
  const { bound } = forms[limit.kind];
  const upper = limit.bound === 'amount' ? longToJson(limit.amount) : limit.bound;
  const body: Record<string, unknown> = { [bound]: upper };
  if (limit.perMicros !== null) body['per'] = durationToJson(limit.perMicros);
  if (limit.burst !== null) body['burst'] = longToJson(limit.burst);
  if (limit.guaranteed !== null) body['guaranteed'] = longToJson(limit.guaranteed);
  if (limit.window !== null) body['window'] = limit.window;
  if (limit.zone !== null) body['zone'] = limit.zone;
  return { resource: limit.resource, [limit.kind]: body };
}

const NEGATIVE = 'is negative: use whole numbers from 1';

function boundFromJson(
  json: unknown,
  path: string,
  report: Report,
): Pick<ResourceLimit, 'bound' | 'amount'> {
  if (json === 'unlimited' || json === 'blocked') return { bound: json, amount: 0n };
  const amount = longFromJson(json);
  if (amount === null) report(path, `${longFault(json)}, ${OR_WORD}`);
  else if (amount < 0n) report(path, `${NEGATIVE}, ${OR_WORD}`);
  return { bound: 'amount', amount: amount ?? 0n };
}

function amountOrNull(json: unknown, path: string, report: Report): bigint | null {
  if (json === undefined || json === null) return null;
  const amount = longFromJson(json);
  if (amount === null) report(path, longFault(json));
  else if (amount < 0n) report(path, NEGATIVE);
  return amount;
}

function textOrNull(json: unknown, path: string, report: Report): string | null {
  if (json === undefined || json === null) return null;
  if (!isText(json)) report(path, TEXT_EXPECTED);
  return isText(json) ? json : null;
}

const unitMicros: Readonly<Record<string, bigint>> = {
  us: 1n,
  ms: 1_000n,
  s: 1_000_000n,
  m: 60_000_000n,
  h: 3_600_000_000n,
  d: 86_400_000_000n,
};
const DURATION = /^([1-9]\d{0,8})(us|ms|s|m|h|d)$/;

/** `500ms`, `1s`, `5m`: microseconds; a duration of calendar length has no place in a rate. */
function durationFromJson(json: unknown, path: string, report: Report): bigint {
  const match = typeof json === 'string' ? DURATION.exec(json) : null;
  if (match === null) report(path, 'must be a duration such as 500ms, 1s or 5m');
  const micros = BigInt(match?.[1] ?? 1) * (unitMicros[match?.[2] ?? 's'] ?? 1n);
  if (micros > RATE_PER_MAX_MICROS) report(path, `is longer than ${RATE_PER_MAX}`);
  return micros;
}

export function durationToJson(micros: bigint): string {
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = unitMicros[unit] ?? 1n;
    if (micros % size === 0n) return `${micros / size}${unit}`;
  }
  return `${micros}us`;
}

const ISO_DURATION = /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?$/;

function windowFromJson(json: unknown, path: string, report: Report): string {
  if (typeof json === 'string' && ISO_DURATION.test(json)) return json;
  report(path, 'must be an ISO 8601 duration such as P1D');
  return '';
}
