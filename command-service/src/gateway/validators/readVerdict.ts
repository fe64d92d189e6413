import { longFromJson, timeFromJson } from '@prorata/schemas';
import type { Attestation } from '@prorata/schemas';
import { AnswerUnusable } from './postQuestion.ts';

/** Characters of a validator's message that are kept: it stands in events and in answers. */
const MESSAGE_LENGTH_MAX = 512;
/** Facts of one answer: an application has at most so many resources. */
const FACTS_MAX = 64;
const FACT_NAME_LENGTH_MAX = 128;

export type Verdict = Pick<Attestation, 'status' | 'message' | 'facts' | 'observedAt'>;

/**
 * `{"verdict": "approved" | "denied", "message", "facts": {"<resource>": total}, "observedAt"}`; facts
 * need the time at which they were so.
 * @throws AnswerUnusable
 */
export function readVerdict(text: string, nowMicros: bigint): Verdict {
  const answer = objectOf(text);
  const { verdict, message = '', facts = {}, observedAt } = answer;
  if (verdict !== 'approved' && verdict !== 'denied') throw unusable('has no verdict');
  if (typeof message !== 'string' || !message.isWellFormed()) throw unusable('has no message');
  const totals = factsOf(facts);
  const at = observedAt === undefined ? null : timeFromJson(observedAt);
  if (at === null && (observedAt !== undefined || Object.keys(totals).length > 0)) {
    throw unusable('does not say in RFC 3339 when its facts were so');
  }
  return {
    status: verdict,
    message: message.slice(0, MESSAGE_LENGTH_MAX).toWellFormed(),
    facts: totals,
    observedAt: at ?? nowMicros,
  };
}

function factsOf(facts: unknown): Record<string, bigint> {
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) {
    throw unusable('has facts that are no object');
  }
  const entries = Object.entries(facts);
  if (entries.length > FACTS_MAX) throw unusable(`has more than ${FACTS_MAX} facts`);
  return Object.fromEntries(
    entries.map(([name, json]) => {
      const total = longFromJson(json);
      const isName =
        name !== '__proto__' && name.length <= FACT_NAME_LENGTH_MAX && name.isWellFormed();
      if (total === null || total < 0n || !isName) throw unusable('has a fact that is no total');
      return [name, total];
    }),
  );
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    throw unusable('is no JSON');
  }
  throw unusable('is no object');
}

function unusable(what: string): AnswerUnusable {
  return new AnswerUnusable(`Its answer ${what}.`, true);
}
