import { declaredLimit } from '@prorata/quota-model';
import type { QuotaState } from '@prorata/quota-model';
import type { ResourceLimit } from '@prorata/schemas';

/** [from, to), microseconds. */
export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** What held of one resource until it was changed. */
interface PastLimit extends Span {
  readonly limit: ResourceLimit;
}

/** As long as minutes of usage are kept: nobody looks further back. */
const KEPT_MICROS = 35n * 86_400_000_000n;
/** Of one quota; the oldest are forgotten first. */
const SPANS_MAX = 256;
const EPOCH = 0n;

/**
 * When a quota was held down: by a cut or by an override, a suspension among them, or by a limit that was lower
 * then. What was seen in such a time below the quota is no evidence of what was wanted. By quota; who asks looks at
 * the quotas above as well.
 */
export class Disturbances {
  readonly #spans = new Map<string, readonly Span[]>();
  /** Since when a quota is held down. */
  readonly #since = new Map<string, bigint>();
  /** By quota and resource, oldest first. */
  readonly #limits = new Map<string, readonly PastLimit[]>();
  /** By quota and resource: when evidence last lowered it. */
  readonly #loweredAt = new Map<string, bigint>();

  /** What an event made of a quota that stays where it is; null: it was not there, or is no more. */
  fold(was: QuotaState | null, is: QuotaState | null, at: bigint): void {
    if (was === null) return;
    if (is === null) {
      this.#forget(was);
      return;
    }
    if (was === is) return;
    const { quotaId } = is;
    if (!isHeld(was) && isHeld(is)) this.#since.set(quotaId, at);
    if (isHeld(was) && !isHeld(is)) {
      this.#add(quotaId, { from: this.#since.get(quotaId) ?? EPOCH, to: at });
      this.#since.delete(quotaId);
    }
    for (const resource of resourcesOf(was)) this.#foldLimit(was, is, resource, at);
  }

  /** Usage is kept by path: what was seen under a former one says nothing of the new one. */
  move(quota: QuotaState, next: string, at: bigint): void {
    this.#forget(quota);
    this.#add(next, { from: EPOCH, to: at });
    if (isHeld(quota)) this.#since.set(next, at);
  }

  /** When cuts or overrides lay on this quota; what lies on it still is not among them. */
  spansOf(quotaId: string): readonly Span[] {
    return this.#spans.get(quotaId) ?? [];
  }

  /** What else its limit of the resource has been. */
  pastLimits(quotaId: string, resource: string): readonly PastLimit[] {
    return this.#limits.get(`${quotaId} ${resource}`) ?? [];
  }

  loweredAt(quotaId: string, resource: string): bigint | null {
    return this.#loweredAt.get(`${quotaId} ${resource}`) ?? null;
  }

  #foldLimit(was: QuotaState, is: QuotaState, resource: string, at: bigint): void {
    const [before, after] = [declaredLimit(was, resource), declaredLimit(is, resource)];
    if (before === null || isSameBound(before, after)) return;
    const key = `${is.quotaId} ${resource}`;
    const known = this.#limits.get(key) ?? [];
    const past = { from: known.at(-1)?.to ?? EPOCH, to: at, limit: before };
    this.#limits.set(key, kept([...known, past], at));
    const layer = is.rightsized.get(resource);
    const isByEvidence = layer !== undefined && layer !== was.rightsized.get(resource);
    if (isByEvidence && after !== null && isLower(after, before)) this.#loweredAt.set(key, at);
  }

  #add(quotaId: string, span: Span): void {
    this.#spans.set(quotaId, kept([...this.spansOf(quotaId), span], span.to));
  }

  #forget(quota: QuotaState): void {
    const { quotaId } = quota;
    this.#spans.delete(quotaId);
    this.#since.delete(quotaId);
    for (const resource of resourcesOf(quota)) {
      this.#limits.delete(`${quotaId} ${resource}`);
      this.#loweredAt.delete(`${quotaId} ${resource}`);
    }
  }
}

const isHeld = ({ haircuts, override }: QuotaState): boolean =>
  haircuts.size > 0 || override !== null;

function resourcesOf({ content, rightsized }: QuotaState): ReadonlySet<string> {
  return new Set([...content.limits.map(({ resource }) => resource), ...rightsized.keys()]);
}

function kept<S extends Span>(spans: readonly S[], now: bigint): readonly S[] {
  return spans.filter(({ to }) => to > now - KEPT_MICROS).slice(-SPANS_MAX);
}

function isSameBound(one: ResourceLimit, other: ResourceLimit | null): boolean {
  if (other === null) return false;
  const { bound, amount, perMicros } = other;
  return one.bound === bound && one.amount === amount && one.perMicros === perMicros;
}

/** Whether one limit lets less through than another of the same resource. */
export function isLower(one: ResourceLimit, other: ResourceLimit): boolean {
  if (one.bound === 'unlimited' || other.bound === 'unlimited') {
    return one.bound !== 'unlimited' && other.bound === 'unlimited';
  }
  if (one.bound === 'blocked' || other.bound === 'blocked') {
    return one.bound === 'blocked' && other.bound !== 'blocked';
  }
  return one.amount * (other.perMicros ?? 1n) < other.amount * (one.perMicros ?? 1n);
}
