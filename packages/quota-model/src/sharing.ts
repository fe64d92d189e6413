/**
 * Equal parts of records as one object, so that a million quotas of a thousand owners hold a thousand
 * owners. What comes back always equals what was given, and no record is ever changed in place, so
 * nobody sees what is remembered here but by the memory that it saves.
 */
import type { Actor, ApprovedProposal, QuotaContent, ResourceLimit } from '@prorata/schemas';
import type { HaircutLayer, RightsizedLayer } from './model.ts';
import { sameValue } from './sameValue.ts';

/** Parts of one kind in one generation; some 3 MB when they are limits. */
const GENERATION_MAX = 20_000;
/** Longer texts are seldom equal to others, characters. */
const SHARED_LENGTH_MAX = 256;

/** A quota without evidence, and one without cuts: most of them. Nobody may write to them. */
export const NO_RIGHTSIZED: ReadonlyMap<string, RightsizedLayer> = new Map();
export const NO_HAIRCUTS: ReadonlyMap<string, HaircutLayer> = new Map();

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});
const NONE: readonly never[] = Object.freeze([]);

/** Parts by a text that is equal for equal parts; those that nobody asks for go after two generations. */
class SharedParts<T> {
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  of(key: string, part: T): T {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const known = this.#old.get(key) ?? part;
    if (this.#young.size >= GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, known);
    return known;
  }
}

const texts = new SharedParts<string>();
const actors = new SharedParts<Actor>();
const limits = new SharedParts<ResourceLimit>();
const approvals = new SharedParts<ApprovedProposal>();

export function sharedText(text: string): string {
  return text.length > SHARED_LENGTH_MAX ? text : texts.of(text, text);
}

export function sharedActor(actor: Actor): Actor {
  const { kind, issuer, subject, ...others } = actor;
  others satisfies Record<string, never>;
  // Told apart by the length, whatever is in them.
  return actors.of(`${kind} ${issuer.length} ${issuer} ${subject}`, actor);
}

/** One approval may change thousands of quotas. By its id, since its reason may be long; equal all the same. */
export function sharedApproved(approved: ApprovedProposal): ApprovedProposal {
  const known = approvals.of(approved.proposalId, approved);
  return sameValue(known, approved) ? known : approved;
}

export function sharedLimit(limit: ResourceLimit): ResourceLimit {
  const { resource, kind, bound, amount, perMicros, burst, guaranteed, window, zone, ...others } =
    limit;
  others satisfies Record<string, never>;
  // No name, symbol, number or duration has a space in it.
  const key = `${resource} ${kind} ${bound} ${amount} ${perMicros} ${burst} ${guaranteed} ${window} ${zone}`;
  return limits.of(key, limit);
}

export function sharedContent(content: QuotaContent): QuotaContent {
  return {
    ...content,
    owner: sharedText(content.owner),
    project: content.project === null ? null : sharedText(content.project),
    attributes: sharedText(content.attributes),
    labels: Object.keys(content.labels).length === 0 ? NO_LABELS : content.labels,
    limits: content.limits.length === 0 ? NONE : content.limits.map(sharedLimit),
    match: content.match.length === 0 ? NONE : content.match,
    rightsizing: content.rightsizing.length === 0 ? NONE : content.rightsizing,
  };
}
