/** The tree as a decision would leave it: each event is folded into a fork as soon as it is drafted. */
import type { Actor, CommandEnvelope, EventMessage, Violation } from '@prorata/schemas';
import { Comparisons } from '../authority/comparisons.ts';
import { evolve } from '../evolve.ts';
import { fork } from '../fork/fork.ts';
import { isWithin, movedId } from '../ids.ts';
import { EVENTS_PER_DECISION_MAX, SUMS_PER_DECISION_MAX } from '../modelBounds.ts';
import { subtreeWithin } from './subtreeWithin.ts';
import { sumsAbove } from './sumsAbove.ts';
import type {
  ApplicationState,
  DecisionContext,
  EventDraft,
  QuotaState,
  StreamState,
} from '../model.ts';

/** Where in the command a quota's change is asked for, as a JSON pointer; null: the quota as a whole. */
export type PathOf = (resource: string | null) => string;

export interface ChangedQuota {
  /** As it was before the command; null: it was not there. */
  readonly before: QuotaState | null;
  /** As it would be; its id differs from before when it moved. null: it would be deleted. */
  readonly after: QuotaState | null;
  readonly pathOf: PathOf;
}

/** What a command would make of a tree: what every check of a change is asked about. */
export interface TreeChange {
  readonly before: ApplicationState;
  readonly after: ApplicationState;
  /** In the order of the command's steps. Of a subtree that moves, its top and what else was changed in it. */
  readonly quotas: readonly ChangedQuota[];
}

/** What the events of a decision say of who caused them. */
export interface Origin {
  readonly stream: string;
  readonly actor: Actor;
  readonly reason: string;
  readonly commandId: string | null;
  readonly now: bigint;
  readonly streamVersion: bigint;
}

export class TreeDraft {
  readonly before: ApplicationState;
  readonly events: EventDraft[] = [];
  /** What is wrong with steps that could be drafted all the same: told together with the verdict on the whole. */
  readonly objections: Violation[] = [];
  readonly comparisons = new Comparisons();
  readonly #origin: Origin;
  #after: ApplicationState;
  #walked = 0;
  #sums = 0;
  readonly #moves: { readonly from: string; readonly to: string }[] = [];
  readonly #gone: ChangedQuota[] = [];
  /** By the id that the quota has by now. */
  readonly #changed = new Map<string, { before: QuotaState | null; pathOf: PathOf }>();

  constructor(state: ApplicationState, origin: Origin) {
    this.before = state;
    this.#after = fork(state);
    this.#origin = origin;
  }

  /** For asking what would fail, not for events to be kept. */
  static probe(state: ApplicationState): TreeDraft {
    const actor = { kind: 'service', issuer: '', subject: '' } as const;
    const stream = `application:${state.id}`;
    const origin = { stream, actor, reason: '', commandId: null, now: 0n, streamVersion: 0n };
    return new TreeDraft(state, origin);
  }

  /** The state with all events so far; to be read only. */
  get after(): ApplicationState {
    return this.#after;
  }

  /** How many more quotas the decision may touch: each costs an event, or a place in a move. */
  get quotasLeft(): number {
    return EVENTS_PER_DECISION_MAX - this.events.length - this.#walked;
  }

  /** How many more sums the decision may alter, see `sumsAbove`. */
  get sumsLeft(): number {
    return SUMS_PER_DECISION_MAX - this.#sums;
  }

  /** A quota and all below it, for a move; null when they are too many. Looking costs, also in vain. */
  subtreeToMove(quotaId: string): readonly string[] | null {
    const ids = subtreeWithin(this.#after, quotaId, this.quotasLeft);
    this.#walked += ids?.length ?? Math.max(0, this.quotasLeft);
    return ids;
  }

  /** Adds an event about a quota as it stands in `after`. */
  append(draft: EventDraft, pathOf: PathOf): void {
    const former = this.#after.quotas.get(draft.quotaId ?? '');
    if (draft.quotaId !== null) this.#track(draft.quotaId, pathOf);
    this.events.push(draft);
    this.#after = evolved(this.#after, stamped(draft, this.#origin, this.events.length));
    this.#sums += Math.max(
      sumsAbove(former),
      sumsAbove(this.#after.quotas.get(draft.quotaId ?? '')),
    );
    if (draft.type === 'QuotaMoved') this.#follow(draft.quotaId ?? '', draft.data.toQuotaId);
  }

  change(): TreeChange {
    const quotas = [...this.#changed].map(([quotaId, { before, pathOf }]) => ({
      before,
      after: this.#after.quotas.get(quotaId) ?? null,
      pathOf,
    }));
    return {
      before: this.before,
      after: this.#after,
      quotas: [...this.#gone, ...quotas].filter(
        ({ before, after }) => before !== null || after !== null,
      ),
    };
  }

  /** The id that a quota had before the command, by the moves since. */
  idBefore(quotaId: string): string {
    let id = quotaId;
    for (const { from, to } of this.#moves.toReversed()) {
      if (isWithin(id, to)) id = movedId(id, to, from);
    }
    return id;
  }

  #track(quotaId: string, pathOf: PathOf): void {
    const known = this.#changed.get(quotaId);
    const before =
      known === undefined ? (this.before.quotas.get(this.idBefore(quotaId)) ?? null) : known.before;
    // The last step that touches a quota names it: it is also last in the order of the checks.
    this.#changed.delete(quotaId);
    this.#changed.set(quotaId, { before, pathOf });
  }

  /** What was noted of quotas that have moved goes with them. */
  #follow(from: string, to: string): void {
    this.#moves.push({ from, to });
    const moved = [...this.#changed].filter(([id]) => isWithin(id, from));
    for (const [id, entry] of moved) {
      this.#changed.delete(id);
      const next = movedId(id, from, to);
      // Whoever was there before was deleted in the same command.
      const gone = this.#changed.get(next);
      if (gone !== undefined) this.#gone.push({ ...gone, after: null });
      this.#changed.set(next, entry);
    }
  }
}

export function originOf(envelope: CommandEnvelope, context: DecisionContext): Origin {
  const { stream, actor, reason, commandId } = envelope;
  return { stream, actor, reason, commandId, ...context };
}

function evolved(state: ApplicationState, event: EventMessage): ApplicationState {
  const next: StreamState = evolve(state, event);
  if (next.kind !== 'application') throw new TypeError(`${event.type} left the application.`);
  return next;
}

/** As the writer would stamp it, but for ids and hashes, which `evolve` does not read. */
function stamped(draft: EventDraft, origin: Origin, place: number): EventMessage {
  const envelope = {
    eventId: '',
    stream: origin.stream,
    streamVersion: origin.streamVersion + BigInt(place),
    quotaId: draft.quotaId,
    quotaVersion: draft.quotaVersion,
    cause: 'command',
    commandId: origin.commandId,
    commandOffset: null,
    timer: null,
    actor: origin.actor,
    decidedAt: origin.now,
    reason: origin.reason,
    previousHash: new Uint8Array(),
    waivers: [],
    attestations: [],
    approved: null,
  };
  return { type: draft.type, value: { ...draft.data, envelope } } as EventMessage;
}
