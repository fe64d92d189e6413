/** What a limit must satisfy by itself, whatever the tree. */
import type { ResourceDeclaration, ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import {
  AMOUNT_MAX,
  LIMITS_PER_QUOTA_MAX,
  RATE_MICROS_MAX,
  TEXT_LENGTH_MAX,
} from '../modelBounds.ts';
import { isTimeZone, TZDATA_VERSION } from '../organization/timeZones.ts';
import { windowFormOf } from '../windowForm.ts';

/** Who may set a limit without end. */
const UNLIMITED_ROLE = 'admin';

export interface LimitTerms {
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  readonly roles: readonly string[];
}

/** @param path JSON pointer of the list. */
export function limitListViolations(
  limits: readonly ResourceLimit[],
  path: string,
  terms: LimitTerms,
): Violation[] {
  if (limits.length > LIMITS_PER_QUOTA_MAX) {
    const message = `${limits.length} limits are given, at most ${LIMITS_PER_QUOTA_MAX} are taken.`;
    return [violation('TOO_MANY', path, message)];
  }
  const seen = new Set<string>();
  return limits.flatMap((limit, index) => {
    const at = `${path}/${index}`;
    const violations = limitViolations(limit, at, terms);
    if (seen.has(limit.resource)) {
      violations.push(violation('LIMIT_DUPLICATE', at, `${limit.resource} is limited twice.`));
    }
    seen.add(limit.resource);
    return violations;
  });
}

export function limitViolations(
  limit: ResourceLimit,
  path: string,
  terms: LimitTerms,
): Violation[] {
  const resource = terms.resources.get(limit.resource);
  if (resource === undefined) {
    const known = [...terms.resources.keys()].join(', ');
    const message = `${limit.resource} is not declared; the application declares: ${known}.`;
    return [violation('RESOURCE_UNKNOWN', path, message)];
  }
  if (resource.kind !== limit.kind) {
    const message = `${limit.resource} is of kind ${resource.kind}, the limit of ${limit.kind}.`;
    return [violation('KIND_MISMATCH', path, message)];
  }
  return [...boundViolations(limit, path, terms), ...fieldViolations(limit, path)];
}

function boundViolations(limit: ResourceLimit, path: string, terms: LimitTerms): Violation[] {
  const { bound, amount } = limit;
  if (bound === 'unlimited' && !terms.roles.includes(UNLIMITED_ROLE)) {
    const message = `Unlimited ${limit.resource} needs the role ${UNLIMITED_ROLE}.`;
    return [violation('UNLIMITED_NOT_ALLOWED', path, message)];
  }
  if (bound !== 'amount') {
    if (amount === 0n) return [];
    return [inconsistent(path, `${bound} carries no amount: it must be 0.`)];
  }
  return amountViolations(amount, path, 'amount');
}

function amountViolations(amount: bigint, path: string, field: string): Violation[] {
  if (amount < 0n) return [violation('LIMIT_NEGATIVE', path, `${field} is negative.`)];
  if (amount === 0n) {
    const message = `${field} 0 is nothing here and unlimited elsewhere: write "blocked".`;
    return [violation('LIMIT_ZERO_AMBIGUOUS', path, message)];
  }
  if (amount > AMOUNT_MAX) {
    return [violation('TOO_LARGE', path, `${field} is above ${AMOUNT_MAX.toString()}.`)];
  }
  return [];
}

/** The fields that each kind may carry beside its bound. */
const fieldsOf = {
  rate: ['perMicros', 'burst'],
  concurrency: [],
  capacity: ['guaranteed'],
  consumable: ['window', 'zone'],
} as const satisfies Record<ResourceLimit['kind'], readonly (keyof ResourceLimit)[]>;

const kindFields = ['perMicros', 'burst', 'guaranteed', 'window', 'zone'] as const;

function fieldViolations(limit: ResourceLimit, path: string): Violation[] {
  const own: readonly string[] = fieldsOf[limit.kind];
  const foreign = kindFields
    .filter((field) => limit[field] !== null && !own.includes(field))
    .map((field) => inconsistent(path, `A ${limit.kind} has no ${field}.`));
  return [
    ...foreign,
    ...(limit.kind === 'rate' ? rateViolations(limit, path) : []),
    ...(limit.kind === 'capacity' ? capacityViolations(limit, path) : []),
    ...(limit.kind === 'consumable' ? consumableViolations(limit, path) : []),
  ];
}

function rateViolations(limit: ResourceLimit, path: string): Violation[] {
  const { perMicros, burst, bound } = limit;
  const violations: Violation[] = [];
  if (perMicros === null ? bound === 'amount' : perMicros <= 0n) {
    violations.push(inconsistent(path, 'A rate needs a time above 0 that its amount refers to.'));
  }
  if (perMicros !== null && perMicros > RATE_MICROS_MAX) {
    violations.push(violation('TOO_LARGE', path, "A rate's time is at most 366 days."));
  }
  if (burst !== null && bound !== 'amount') {
    violations.push(inconsistent(path, `${bound} has no burst.`));
  } else if (burst !== null) {
    violations.push(...amountViolations(burst, path, 'burst'));
  }
  return violations;
}

function capacityViolations(limit: ResourceLimit, path: string): Violation[] {
  const { guaranteed, bound, amount } = limit;
  if (guaranteed === null) return [];
  if (guaranteed < 0n) return [violation('LIMIT_NEGATIVE', path, 'guaranteed is negative.')];
  if (guaranteed > AMOUNT_MAX) {
    return [violation('TOO_LARGE', path, `guaranteed is above ${AMOUNT_MAX.toString()}.`)];
  }
  if (bound === 'blocked' && guaranteed > 0n) {
    return [inconsistent(path, 'What is blocked can guarantee nothing.')];
  }
  if (bound === 'amount' && guaranteed > amount) {
    const message = `guaranteed ${guaranteed.toString()} is above max ${amount.toString()}.`;
    return [inconsistent(path, message)];
  }
  return [];
}

function consumableViolations(limit: ResourceLimit, path: string): Violation[] {
  const { window, zone, bound } = limit;
  if (zone !== null) return zoneViolations(limit, zone, path);
  if (window === null ? bound !== 'amount' : windowFormOf(window) !== null) return [];
  const message =
    'A consumable needs a window that hosts can keep: an ISO 8601 duration above 0 such as P1D or ' +
    'P1M, not months mixed with days.';
  return [inconsistent(path, message)];
}

function zoneViolations({ window }: ResourceLimit, zone: string, path: string): Violation[] {
  if (!isTimeZone(zone)) {
    const message = `${zone.slice(0, TEXT_LENGTH_MAX)} is no time zone of tzdata ${TZDATA_VERSION}.`;
    return [violation('TIME_ZONE_UNKNOWN', path, message)];
  }
  if (window !== null && windowFormOf(window, zone) !== null) return [];
  const message =
    'In a time zone a window is a day (P1D), a week from Monday (P1W) or months (P1M, P1Y).';
  return [inconsistent(path, message)];
}

function inconsistent(path: string, message: string): Violation {
  return violation('LIMIT_INCONSISTENT', path, message);
}
