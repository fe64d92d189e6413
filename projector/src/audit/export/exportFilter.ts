import { applicationOf, isQuotaId, streamOf } from '@prorata/quota-model';
import { isNamedIn } from '../../rows/namedInSteps.ts';
import type { AuditedTopic } from '../auditSource.ts';
import type { Entry, ExportedRecord } from './exportedRecord.ts';

export const exportKinds = ['events', 'refusals', 'outcomes'] as const;
/** `outcomes`: what was accepted, too. */
export type ExportKinds = (typeof exportKinds)[number];

/** What is asked for; null: anything. All that is given must hold. */
export interface ExportQuestion {
  readonly what: readonly ExportKinds[] | null;
  /** Microseconds: decided then or later, and before. */
  readonly from: bigint | null;
  readonly until: bigint | null;
  readonly stream: string | null;
  /** About this quota, and proposals whose steps name it with what became of them. */
  readonly quota: string | null;
  /** The same, of a quota and all below it, or of an application. */
  readonly within: string | null;
  /** `user:alice`, or the subject alone. */
  readonly actor: string | null;
}

const ACTOR = /^(user|service|robot):(.+)$/;

/** Which records are exported. Told of each in the order of its partition: what became of a proposal depends on it. */
export class ExportFilter {
  readonly #question: ExportQuestion;
  readonly #streams: readonly string[];
  readonly #subject: string | null;
  readonly #actorKind: string | null;
  readonly #isAbout: (quotaId: string) => boolean;
  /** Proposals whose steps name what is asked for. */
  readonly #proposals = new Set<string>();

  constructor(question: ExportQuestion) {
    this.#question = question;
    this.#streams = streamsOf(question);
    this.#isAbout = aboutOf(question);
    const { actor } = question;
    const [, kind = null, subject = actor] = actor === null ? [] : (ACTOR.exec(actor) ?? []);
    [this.#actorKind, this.#subject] = [kind, subject ?? null];
  }

  /** Whether all of the log is asked for. */
  get isWhole(): boolean {
    return Object.values(this.#question).every((part) => part === null);
  }

  /** The only stream that can hold what is asked for; null: any can. */
  get stream(): string | null {
    return this.#streams[0] ?? null;
  }

  get topics(): readonly AuditedTopic[] {
    const { what } = this.#question;
    if (what === null) return ['quota.outcomes', 'quota.events'];
    const outcomes = what.some((kind) => kind !== 'events');
    return [
      ...(outcomes ? (['quota.outcomes'] as const) : []),
      ...(what.includes('events') ? (['quota.events'] as const) : []),
    ];
  }

  /**
   * Records that were written before this time need no look; null: all do. A proposal may have been opened
   * long before what became of it.
   */
  get lookFrom(): bigint | null {
    const { from, quota, within } = this.#question;
    return quota === null && within === null ? from : null;
  }

  /** Whether a record with this key may be asked for: what it holds need not be known. */
  mayHold(key: Buffer | null): boolean {
    return this.#streams.every((stream) => key?.toString('utf8') === stream);
  }

  /** What cannot be read is never left out by what stands in it. */
  takes({ entry, decidedAt }: ExportedRecord): boolean {
    if (entry.kind === 'unreadable' || decidedAt === null) return true;
    // First of all: what is told of a proposal counts although itself is not asked for.
    const isAbout = this.#aboutQuota(entry);
    const { from, until } = this.#question;
    return (
      isAbout &&
      this.#isOfKind(entry) &&
      this.#streams.every((stream) => stream === entry.stream) &&
      (from === null || decidedAt >= from) &&
      (until === null || decidedAt < until) &&
      this.#isBy(entry)
    );
  }

  #isOfKind({ kind }: Entry): boolean {
    const { what } = this.#question;
    if (what === null) return true;
    if (kind === 'event') return what.includes('events');
    return what.includes('outcomes') || (kind === 'refusal' && what.includes('refusals'));
  }

  #isBy({ actor }: Entry): boolean {
    if (this.#subject === null) return true;
    if (actor === null || actor.subject !== this.#subject) return false;
    return this.#actorKind === null || actor.kind === this.#actorKind;
  }

  #aboutQuota({ kind, type, quotaId, body }: Entry): boolean {
    const { quota, within } = this.#question;
    if (quota === null && (within === null || !isQuotaId(within))) return true;
    if (quotaId !== null) return this.#isAbout(quotaId);
    if (kind !== 'event') return false;
    const { proposalId, steps } = body as { proposalId?: string; steps?: readonly unknown[] };
    if (proposalId === undefined) return false;
    if (type === 'TreeChangeProposed' && isNamedIn(steps ?? [], this.#isAbout)) {
      this.#proposals.add(proposalId);
    }
    return this.#proposals.has(proposalId);
  }
}

function streamsOf({ stream, quota, within }: ExportQuestion): readonly string[] {
  const places = [quota, within].flatMap((place) => place ?? []);
  const ofPlaces = places.map((place) => streamOf('application', applicationOf(place)));
  return stream === null ? ofPlaces : [stream, ...ofPlaces];
}

function aboutOf({ quota, within }: ExportQuestion): (quotaId: string) => boolean {
  return (quotaId) =>
    (quota === null || quotaId === quota) &&
    (within === null || quotaId === within || quotaId.startsWith(`${within}/`));
}
