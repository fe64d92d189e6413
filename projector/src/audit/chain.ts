import type { EventEnvelope } from '@prorata/schemas';
import { alteredSince } from './anchorCheck.ts';
import type { ChainHead } from './anchorCheck.ts';
import type { Findings } from './finding.ts';
import type { KeptAnchors } from './keptAnchors.ts';

/** An event as its stream's chain sees it. */
export interface Link {
  readonly offset: bigint;
  readonly envelope: EventEnvelope;
  readonly hash: string;
}

interface Head {
  version: bigint;
  hash: string;
  offset: bigint;
  decidedAt: bigint;
  /** The event before, when this one carries another hash: the next event tells which is altered. */
  suspect: { readonly offset: bigint; readonly version: bigint } | null;
  /** The last version that a kept anchor knows and that is as it says. */
  agreed: bigint;
  /** After its first finding a stream's later ones would only be consequences. */
  isBroken: boolean;
}

const ZERO_HASH = '0'.repeat(64);

/** One partition's streams: versions without a gap, times that never go back, hash upon hash. */
export class Chain {
  readonly #partition: number;
  readonly #findings: Findings;
  readonly #anchors: KeptAnchors;
  #isWhole = true;
  readonly #heads = new Map<string, Head>();

  constructor(partition: number, findings: Findings, anchors: KeptAnchors) {
    this.#partition = partition;
    this.#findings = findings;
    this.#anchors = anchors;
  }

  /** Every stream's last event, the streams in the order of their first ones. */
  get heads(): ReadonlyMap<string, ChainHead> {
    return this.#heads;
  }

  /** Whether no stream is broken: then the heads are those that the writer had. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** @returns whether the stream holds so far. */
  take({ offset, envelope, hash }: Link): boolean {
    const { stream, streamVersion: version, decidedAt } = envelope;
    const before = this.#heads.get(stream);
    if (before?.isBroken === true) return false;
    const agreed = before?.agreed ?? 0n;
    const head = { version, hash, offset, decidedAt, suspect: null, agreed, isBroken: false };
    this.#heads.set(stream, head);
    const problem = problemOf(before, envelope);
    if (problem === null) this.#follow(stream, before, head, envelope);
    else {
      this.#nameSuspect(stream, before);
      this.#break(stream, { offset, version }, problem);
    }
    this.#compareAnchor(stream, head);
    return !head.isBroken;
  }

  /** A record of the stream that could not be read: nothing after it can be told. */
  breakAt(stream: string, offset: bigint, problem: string): void {
    const head = this.#heads.get(stream);
    if (head?.isBroken === true) return;
    this.#nameSuspect(stream, head);
    const version = (head?.version ?? 0n) + 1n;
    this.#heads.set(stream, {
      ...(head ?? { hash: '', decidedAt: 0n, agreed: 0n }),
      version,
      offset,
      suspect: null,
      isBroken: true,
    });
    this.#break(stream, { offset, version }, problem);
  }

  finish(): void {
    for (const [stream, head] of this.#heads) this.#nameSuspect(stream, head);
  }

  #follow(stream: string, before: Head | undefined, head: Head, envelope: EventEnvelope): void {
    const carried = Buffer.from(envelope.previousHash).toString('hex');
    const isLinked = carried === (before?.hash ?? ZERO_HASH);
    if (before === undefined) {
      if (!isLinked) this.#break(stream, head, 'the first event of its stream names one before it');
      return;
    }
    if (before.suspect !== null) {
      if (isLinked) this.#nameSuspect(stream, before);
      else this.#break(stream, before, 'its hash fits neither the event before nor the one after');
      head.isBroken = true;
      this.#isWhole = false;
      return;
    }
    if (!isLinked) head.suspect = { offset: before.offset, version: before.version };
    else if (head.decidedAt < before.decidedAt) {
      this.#break(stream, head, 'it was decided before the event that it follows');
    }
  }

  #nameSuspect(stream: string, head: Head | undefined): void {
    if (head === undefined || head.suspect === null) return;
    const problem = `its hash is not the one that the next event of its stream (offset ${head.offset}) carries`;
    this.#break(stream, head.suspect, problem);
  }

  #compareAnchor(stream: string, head: Head): void {
    const kept = this.#anchors.hashOf(stream, head.version);
    if (kept === head.hash) head.agreed = head.version;
    if (kept === null || kept === head.hash) return;
    const which = alteredSince(head.agreed, head.version);
    head.suspect = null;
    this.#break(stream, head, `its hash is not the one in the anchor: ${which}`);
  }

  /** An anchor of the log says that the stream is not what it was: its last event, or one that is missing. */
  contradicted(
    stream: string,
    place: { readonly offset: bigint | null; readonly version: bigint },
    problem: string,
  ): void {
    const head = this.#heads.get(stream);
    if (head?.isBroken === true) return;
    const isSilent = head?.suspect != null && place.offset === null;
    // What does not fit the anchor is itself what was altered, whatever it says of the event before.
    if (head !== undefined && !isSilent) head.suspect = null;
    this.#break(stream, place, problem);
  }

  #break(
    stream: string,
    { offset, version }: { readonly offset: bigint | null; readonly version: bigint },
    problem: string,
  ): void {
    const head = this.#heads.get(stream);
    if (head !== undefined) head.isBroken = true;
    this.#isWhole = false;
    const partition = this.#partition;
    this.#findings.add({
      topic: 'quota.events',
      partition,
      offset,
      stream,
      streamVersion: version,
      problem,
    });
  }
}

function problemOf(before: Head | undefined, envelope: EventEnvelope): string | null {
  const expected = (before?.version ?? 0n) + 1n;
  const { streamVersion: version } = envelope;
  if (version > expected) {
    return `version ${version} follows ${expected - 1n}: ${version - expected} missing before it`;
  }
  if (version < expected) {
    return `version ${version} follows ${expected - 1n}: inserted, repeated or moved`;
  }
  return null;
}
