import type { ApplicationState } from '@prorata/quota-model';
import { ancestorsOf, declaredLimit } from '@prorata/quota-model';
import type { ResourceLimit } from '@prorata/schemas';
import type { ResizePolicy } from '../policy.ts';
import type { Resizable, Resize } from './findResize.ts';
import type { PutOffCode } from './skipReasons.ts';

/** A change that is called for. */
export interface Candidate {
  readonly series: Resizable;
  readonly found: Resize;
}

export interface RailedChanges {
  /** In the order in which they are to be posted. */
  readonly posted: readonly Candidate[];
  readonly putOff: readonly (Candidate & { readonly code: PutOffCode })[];
}

const SECOND_MICROS = 1_000_000n;
const BASIS_POINTS = 10_000n;

/**
 * What of the changes may be posted in one evaluation: raises first, of these the one that lacks most; so many over
 * the fleet, so many of an application, and no more added to a resource than a part of what its application has
 * committed. The raise that comes to that end is cut short.
 *
 * @param committed by application and resource: its sum in base units, of rates a second; see committedOf
 */
export function withinRails(
  candidates: readonly Candidate[],
  committed: ReadonlyMap<string, bigint>,
  policy: Pick<ResizePolicy, 'changesMax' | 'applicationChangesMax' | 'raisedMaxBasisPoints'>,
): RailedChanges {
  const posted: Candidate[] = [];
  const putOff: (Candidate & { readonly code: PutOffCode })[] = [];
  const changes = new Map<string, number>();
  const added = new Map<string, bigint>();
  for (const candidate of [...candidates].sort(byUrgency)) {
    const application = applicationOf(candidate.series);
    const count = changes.get(application) ?? 0;
    const key = `${application} ${candidate.series.resource}`;
    const most = ceilDivide(
      (committed.get(key) ?? 0n) * BigInt(policy.raisedMaxBasisPoints),
      BASIS_POINTS,
    );
    const room = most - (added.get(key) ?? 0n);
    const kept = withinRoom(candidate, room);
    const code: PutOffCode | null =
      posted.length >= policy.changesMax
        ? 'CHANGES_MAX'
        : count >= policy.applicationChangesMax
          ? 'APPLICATION_CHANGES_MAX'
          : kept === null
            ? 'RAISED_MAX'
            : null;
    if (code !== null || kept === null) {
      putOff.push({ ...candidate, code: code ?? 'RAISED_MAX' });
      continue;
    }
    posted.push(kept);
    changes.set(application, count + 1);
    added.set(key, (added.get(key) ?? 0n) + addedBy(kept));
  }
  return { posted, putOff };
}

/**
 * What an application has committed of each resource: the sum of its top-most limits that are numbers, in base
 * units, of rates a second. By `<application> <resource>`.
 */
export function committedOf(state: ApplicationState): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  const numberOf = (quotaId: string, resource: string): ResourceLimit | null => {
    const quota = state.quotas.get(quotaId);
    const limit = quota === undefined ? null : declaredLimit(quota, resource);
    return limit?.bound === 'amount' ? limit : null;
  };
  for (const { quotaId, content } of state.quotas.values()) {
    for (const { resource } of content.limits) {
      const limit = numberOf(quotaId, resource);
      if (limit === null) continue;
      if (ancestorsOf(quotaId).some((above) => numberOf(above, resource) !== null)) continue;
      const key = `${state.id} ${resource}`;
      sums.set(key, (sums.get(key) ?? 0n) + asCommitted(limit, limit.amount));
    }
  }
  return sums;
}

/** null: there is no room for as much as a unit. */
function withinRoom(candidate: Candidate, room: bigint): Candidate | null {
  const { series, found } = candidate;
  if (found.direction === 'lower' || addedBy(candidate) <= room) return candidate;
  const { limit } = series;
  const more = (room * (limit.perMicros ?? SECOND_MICROS)) / SECOND_MICROS;
  if (room <= 0n || more <= 0n) return null;
  const value = limit.amount + more;
  if (value < series.bounds.min) return null;
  const reasons = [...found.reasons, 'LIMITED_BY_COMMITTED' as const];
  const figures = { ...found.figures, reasons: reasons.join(' ') };
  return { series, found: { ...found, value, reasons, figures } };
}

function addedBy({ series, found }: Candidate): bigint {
  if (found.direction === 'lower') return 0n;
  return asCommitted(series.limit, found.value - series.limit.amount);
}

/** Rounded up: many small raises are not nothing. */
function asCommitted({ perMicros }: ResourceLimit, amount: bigint): bigint {
  return perMicros === null ? amount : ceilDivide(amount * SECOND_MICROS, perMicros);
}

const ceilDivide = (dividend: bigint, divisor: bigint): bigint =>
  (dividend + divisor - 1n) / divisor;

export function applicationOf({ quotaId }: { readonly quotaId: string }): string {
  return quotaId.split('/', 1)[0] ?? '';
}

/** Who is short comes first; of these the one that lacks most. */
export function byUrgency(left: Candidate, right: Candidate): number {
  if (left.found.direction !== right.found.direction) {
    return left.found.direction === 'raise' ? -1 : 1;
  }
  const [a, b] = [nameOf(left), nameOf(right)];
  return changeOf(right) - changeOf(left) || (a < b ? -1 : 1);
}

/** An order, not a figure: a float is good enough, and the division of two is the same everywhere. */
function changeOf({ series, found }: Candidate): number {
  const current = Number(series.limit.amount) || 1;
  const value = Number(found.value) || 1;
  return value > current ? value / current : current / value;
}

const nameOf = ({ series }: Candidate): string => `${series.quotaId} ${series.resource}`;
