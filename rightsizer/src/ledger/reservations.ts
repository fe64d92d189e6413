import { commitmentsOf, declaredLimit, parentOf, projectOf, subtreeOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import type { EventMessage, IdleSupply } from '@prorata/schemas';
import type { TimeWindow } from '../throttle/budgetWindows.ts';

/** So much of a thing, half-open in time, microseconds; to null: still. */
export interface HeldSpan {
  readonly amount: bigint;
  readonly from: bigint;
  readonly to: bigint | null;
}

/** What is kept for one quota, as its project pays for it. */
export interface Reservation {
  readonly quotaId: string;
  readonly spans: readonly HeldSpan[];
}

/** Who held what and when, to be asked. */
export type HeldReservations = Pick<Reservations, 'of' | 'projects' | 'supply'>;

const MICROS_PER_SECOND = 1_000_000n;

/**
 * What was guaranteed to whom and when, folded from the log. Of a quota counts what it declares and has
 * not handed on: its guarantee less those of the nearest quotas below that declare one. So a project
 * that divides its guarantee among quotas of its own pays for it once. Haircuts, overrides and suspensions leave
 * guarantees as they are: what is kept stays kept.
 */
export class Reservations {
  /** By project (empty: nobody pays), by application and resource, by quota. */
  readonly #held = new Map<string, Map<string, Map<string, HeldSpan[]>>>();
  /** By quota and resource: where it is held now. */
  readonly #payers = new Map<string, string>();
  /** By quota that an event was about: who paid then. A subtree is walked only where that has changed. */
  readonly #paying = new Map<string, string>();
  /** By application and resource: the declared total, and what the first level is guaranteed. */
  readonly #totals = new Map<string, HeldSpan[]>();
  readonly #guarantees = new Map<string, HeldSpan[]>();

  /** Before the state evolves: the quotas that an event may take away or rename. */
  touchedBy(before: ApplicationState | null, event: EventMessage): readonly string[] {
    const { quotaId } = event.value.envelope;
    if (before === null || quotaId === null) return [];
    if (event.type === 'QuotaMoved') return subtreeOf(before, quotaId);
    return [quotaId];
  }

  /** After it. @param touched as `touchedBy` said */
  fold(state: ApplicationState, event: EventMessage, touched: readonly string[]): void {
    const { quotaId, decidedAt } = event.value.envelope;
    const resources = [...state.registration.resources.values()].filter(
      ({ kind }) => kind === 'capacity',
    );
    const names = resources.map(({ name }) => name);
    if (event.type === 'ApplicationRegistered') {
      for (const { name, total } of resources) {
        note(listAt(this.#totals, `${state.id} ${name}`), total ?? 0n, decidedAt);
      }
    }
    if (quotaId === null || names.length === 0) return;
    for (const id of this.#reached(state, event, quotaId, touched)) {
      for (const name of names) this.#refresh(state, id, name, decidedAt);
    }
    const below = new Map(commitmentsOf(state, state.id).map((each) => [each.resource, each]));
    for (const name of names) {
      const kept = below.get(name)?.guaranteed ?? 0n;
      note(listAt(this.#guarantees, `${state.id} ${name}`), kept, decidedAt);
    }
  }

  /** Who had something reserved, or has. */
  projects(): Iterable<string> {
    return this.#held.keys();
  }

  /** What the project holds of a resource within the window, by quota. @param project null: what nobody pays for */
  of(
    project: string | null,
    application: string,
    resource: string,
    { start, end }: TimeWindow,
  ): Reservation[] {
    const quotas = this.#held.get(project ?? '')?.get(`${application} ${resource}`);
    return [...(quotas ?? [])].flatMap(([quotaId, all]) => {
      const spans = all.filter(({ from, to }) => from < end && (to === null || to > start));
      return spans.length === 0 ? [] : [{ quotaId, spans }];
    });
  }

  /** What there was to hand out. */
  supply(application: string, resource: string, of: IdleSupply): readonly HeldSpan[] {
    const spans = of === 'declared_total' ? this.#totals : this.#guarantees;
    return spans.get(`${application} ${resource}`) ?? [];
  }

  #reached(
    state: ApplicationState,
    event: EventMessage,
    quotaId: string,
    touched: readonly string[],
  ): Set<string> {
    const ids = new Set(touched);
    const renamed = event.type === 'QuotaMoved' ? event.value.toQuotaId : quotaId;
    const payer = state.quotas.has(renamed) ? (projectOf(state, renamed) ?? '') : null;
    const isOtherPayer = payer !== (this.#paying.get(quotaId) ?? null);
    this.#paying.delete(quotaId);
    if (payer !== null) this.#paying.set(renamed, payer);
    if (event.type === 'QuotaMoved' || isOtherPayer) {
      for (const id of subtreeOf(state, renamed)) ids.add(id);
    }
    for (const start of [quotaId, renamed]) {
      for (let id = start; id !== '' && id !== state.id; id = parentOf(id)) ids.add(id);
    }
    return ids;
  }

  #refresh(state: ApplicationState, quotaId: string, resource: string, at: bigint): void {
    const key = `${quotaId} ${resource}`;
    const place = `${state.id} ${resource}`;
    const amount = ownGuarantee(state, quotaId, resource);
    const payer = projectOf(state, quotaId) ?? '';
    const former = this.#payers.get(key);
    if (former !== undefined && (former !== payer || amount === 0n)) {
      note(this.#spansOf(former, place, quotaId), 0n, at);
      this.#payers.delete(key);
    }
    if (amount === 0n) return;
    note(this.#spansOf(payer, place, quotaId), amount, at);
    this.#payers.set(key, payer);
  }

  #spansOf(project: string, place: string, quotaId: string): HeldSpan[] {
    const places = this.#held.get(project) ?? new Map<string, Map<string, HeldSpan[]>>();
    this.#held.set(project, places);
    const quotas = places.get(place) ?? new Map<string, HeldSpan[]>();
    places.set(place, quotas);
    return listAt(quotas, quotaId);
  }
}

/** Unit-seconds that the spans have within [from, to), rounded down: add up from one start, and slices sum to the whole. */
export function heldSeconds(spans: readonly HeldSpan[], from: bigint, to: bigint): bigint {
  let micros = 0n;
  for (const span of spans) {
    const start = span.from > from ? span.from : from;
    const end = span.to !== null && span.to < to ? span.to : to;
    if (end > start) micros += span.amount * (end - start);
  }
  return micros / MICROS_PER_SECOND;
}

function ownGuarantee(state: ApplicationState, quotaId: string, resource: string): bigint {
  const quota = state.quotas.get(quotaId);
  const limit = quota === undefined ? null : declaredLimit(quota, resource);
  if (limit === null || limit.bound === 'blocked') return 0n;
  const below = commitmentsOf(state, quotaId).find((each) => each.resource === resource);
  const own = (limit.guaranteed ?? 0n) - (below?.guaranteed ?? 0n);
  return own > 0n ? own : 0n;
}

/** From `at` on there is so much. */
function note(spans: HeldSpan[], amount: bigint, at: bigint): void {
  const last = spans.at(-1);
  const open = last !== undefined && last.to === null ? last : null;
  if (amount === (open?.amount ?? 0n)) return;
  if (open !== null) {
    spans.pop();
    if (open.from < at) spans.push({ ...open, to: at });
  }
  if (amount !== 0n) spans.push({ amount, from: at, to: null });
}

function listAt(lists: Map<string, HeldSpan[]>, key: string): HeldSpan[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: HeldSpan[] = [];
  lists.set(key, list);
  return list;
}
