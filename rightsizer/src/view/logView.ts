import { evolve, parseStream, subtreeOf } from '@prorata/quota-model';
import type {
  ApplicationState,
  OrganizationState,
  PriceBookState,
  QuotaState,
  StreamState,
  TierPolicyState,
} from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import { LedgerFacts } from '../ledger/ledgerFacts.ts';
import { Disturbances } from './disturbances.ts';

/** What happened last to one budget's cut in one application. */
export interface CutHistory {
  /** The stream's version at the last event of it: tells one cut from the next in derived ids. */
  readonly version: bigint;
  readonly appliedAt: bigint | null;
  /** The last lift within a window; that a window has rolled is none. */
  readonly liftedAt: bigint | null;
}

const never: CutHistory = { version: 0n, appliedAt: null, liftedAt: null };

/** An event that cannot be read or folded: going on would act on a wrong state. */
export class EventUnfoldable extends Error {
  override readonly name = 'EventUnfoldable';
}

/** The quotas, payers, budgets, prices and cuts in force, folded from the log, and a little of their past. */
export class LogView {
  /** What charges follow from. */
  readonly ledger = new LedgerFacts();
  readonly #states = new Map<string, StreamState>();
  /** By application, project and budget. */
  readonly #cuts = new Map<string, CutHistory>();
  /** By organization and budget: the stream's version at the last event of a cut's process. */
  readonly #cutProcesses = new Map<string, bigint>();
  /** When quotas were held down, and when evidence lowered them. */
  readonly disturbances = new Disturbances();
  /** By quota and resource: when a proposal was last declined or lapsed. */
  readonly #declinedAt = new Map<string, bigint>();

  /** @throws EventUnfoldable */
  fold(event: EventMessage): void {
    const { stream } = event.value.envelope;
    const before = this.#states.get(stream) ?? null;
    if (parseStream(stream) === null) return;
    if (before?.kind === 'application') this.#remember(before, event);
    this.#rememberCut(before, event);
    if (event.type === 'CutIntended' || event.type === 'CutCompleted') {
      const { streamVersion } = event.value.envelope;
      this.#cutProcesses.set(`${stream} ${event.value.budgetId}`, streamVersion);
    }
    const foldLedger = this.ledger.fold(before, event);
    const was = quotaOf(before, event);
    try {
      const after = evolve(before, event);
      if (event.type !== 'QuotaMoved') {
        this.disturbances.fold(was, quotaOf(after, event), event.value.envelope.decidedAt);
      }
      this.#states.set(stream, after);
      foldLedger(after);
    } catch (cause) {
      throw new EventUnfoldable(`An event of ${stream} cannot be folded.`, { cause });
    }
  }

  application(id: string): ApplicationState | null {
    const state = this.#states.get(`application:${id}`);
    return state?.kind === 'application' ? state : null;
  }

  applications(): ApplicationState[] {
    return [...this.#states.values()].filter((state) => state.kind === 'application');
  }

  organizations(): OrganizationState[] {
    return [...this.#states.values()].filter((state) => state.kind === 'organization');
  }

  priceBook(id: string): PriceBookState | null {
    const state = this.#states.get(`pricebook:${id}`);
    return state?.kind === 'pricebook' ? state : null;
  }

  tierPolicy(id: string): TierPolicyState | null {
    const state = this.#states.get(`tierpolicy:${id}`);
    return state?.kind === 'tierpolicy' ? state : null;
  }

  cutHistory(application: string, project: string, budgetId: string): CutHistory {
    return this.#cuts.get(cutKey(application, project, budgetId)) ?? never;
  }

  organization(id: string): OrganizationState | null {
    const state = this.#states.get(`organization:${id}`);
    return state?.kind === 'organization' ? state : null;
  }

  /** The stream's version at the last event of a budget's cuts; 0: none. Tells one intent from the next. */
  cutProcess(organization: string, budgetId: string): bigint {
    return this.#cutProcesses.get(`organization:${organization} ${budgetId}`) ?? 0n;
  }

  declinedAt(quotaId: string, resource: string): bigint | null {
    return this.#declinedAt.get(`${quotaId} ${resource}`) ?? null;
  }

  #remember(before: ApplicationState, event: EventMessage): void {
    const { quotaId, decidedAt } = event.value.envelope;
    switch (event.type) {
      case 'ProposalRejected':
      case 'ProposalExpired': {
        const proposal = before.proposals.get(event.value.proposalId);
        if (proposal === undefined) return;
        for (const { resource } of proposal.limits) {
          this.#declinedAt.set(`${proposal.quotaId} ${resource}`, decidedAt);
        }
        return;
      }
      case 'QuotaDeleted':
        if (quotaId !== null) this.#forget(before.quotas.get(quotaId));
        return;
      case 'QuotaMoved':
        if (quotaId === null) return;
        for (const id of subtreeOf(before, quotaId)) {
          const next = `${event.value.toQuotaId}${id.slice(quotaId.length)}`;
          this.#follow(before.quotas.get(id), next, decidedAt);
        }
        return;
      default:
    }
  }

  #forget(quota: QuotaState | undefined): void {
    if (quota === undefined) return;
    // A proposal is of a resource that the quota limits, whoever bounds it.
    for (const { resource } of quota.content.limits) {
      this.#declinedAt.delete(`${quota.quotaId} ${resource}`);
    }
  }

  /** Usage is kept by path: what was seen under the former one says nothing of the new one. */
  #follow(quota: QuotaState | undefined, next: string, movedAt: bigint): void {
    if (quota === undefined) return;
    for (const { resource } of quota.content.limits) {
      const at = this.#declinedAt.get(`${quota.quotaId} ${resource}`);
      if (at !== undefined) this.#declinedAt.set(`${next} ${resource}`, at);
    }
    this.#forget(quota);
    this.disturbances.move(quota, next, movedAt);
  }

  #rememberCut(before: StreamState | null, event: EventMessage): void {
    if (event.type !== 'HaircutApplied' && event.type !== 'HaircutLifted') return;
    if (before?.kind !== 'application') return;
    const { quotaId, decidedAt, streamVersion } = event.value.envelope;
    const { budgetId } = event.value;
    const project =
      event.type === 'HaircutApplied'
        ? event.value.project
        : before.quotas.get(quotaId ?? '')?.haircuts.get(budgetId)?.project;
    if (project === undefined) return;
    const key = cutKey(before.id, project, budgetId);
    const known = this.#cuts.get(key) ?? never;
    const counts = event.type === 'HaircutLifted' && event.value.cause !== 'window_rolled';
    this.#cuts.set(key, {
      version: streamVersion,
      appliedAt: event.type === 'HaircutApplied' ? decidedAt : known.appliedAt,
      liftedAt: counts ? decidedAt : known.liftedAt,
    });
  }
}

/** The quota that an event is about. */
function quotaOf(state: StreamState | null, event: EventMessage): QuotaState | null {
  const { quotaId } = event.value.envelope;
  if (state?.kind !== 'application' || quotaId === null) return null;
  return state.quotas.get(quotaId) ?? null;
}

function cutKey(application: string, project: string, budgetId: string): string {
  return `${application} ${project} ${budgetId}`;
}
