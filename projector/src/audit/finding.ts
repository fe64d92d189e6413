import type { AuditedTopic } from './auditSource.ts';

/** The first thing wrong with the log, as `verify` prints it. */
export interface BadEvent {
  readonly topic: AuditedTopic;
  readonly partition: number | null;
  /** null: the event is missing, or the copy does not say. */
  readonly offset: bigint | null;
  readonly stream: string | null;
  readonly streamVersion: bigint | null;
  readonly problem: string;
}

/**
 * Where a finding comes from: from the record itself and its chain, or only from comparing events
 * with outcomes, where the other of the two may be at fault.
 */
export type FindingSource = 'record' | 'comparison';

/** The first finding: what records show by themselves, then what a comparison does, each by place. */
export class Findings {
  #first: Found | null = null;

  get first(): BadEvent | null {
    return this.#first?.bad ?? null;
  }

  /** Of several at one place the first found counts. */
  add(bad: BadEvent, source: FindingSource = 'record'): void {
    const found = { bad, source };
    if (this.#first === null || isBefore(found, this.#first)) this.#first = found;
  }
}

interface Found {
  readonly bad: BadEvent;
  readonly source: FindingSource;
}

function isBefore(one: Found, other: Found): boolean {
  if (one.source !== other.source) return one.source === 'record';
  if (one.bad.topic !== other.bad.topic) return one.bad.topic === 'quota.events';
  return rank(one.bad) < rank(other.bad);
}

/** What is missing stands behind whatever is there. */
function rank({ offset }: BadEvent): bigint {
  return offset ?? 2n ** 64n;
}
