/**
 * What a dispatcher is: a format, which is pure, and a place, which does all I/O. The rest (when to write, what
 * is never written, how drift is told) is the keeper's and the same for all. README.md says how to add one.
 */
import type { Dispatcher, DispatcherKind, ResourceDeclaration, Rule } from '@prorata/schemas';
import type { GuardedAnswer, GuardedRequest } from '@prorata/service-runtime';

export interface DispatchedQuota {
  /** What hosts enforce; its limits are those in force, in base units, the ancestors' bounds counted in. */
  readonly rule: Rule;
  /** As the application's own schema has them. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** All quotas of an application at one moment. Never a part of them. */
export interface DispatchedSet {
  readonly application: string;
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  /** By id in code-unit order, so that each comes after those above it. */
  readonly quotas: readonly DispatchedQuota[];
}

export type Rendered =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Where the target cannot hold what is meant, and is given less: for people, one a line. */
      readonly notes: readonly string[];
    }
  /** Nothing that can be written; what the target holds stays. */
  | { readonly kind: 'refused'; readonly reasons: readonly [string, ...string[]] };

/** What a target would let through by a text: read back from the text as the target reads it. */
export interface HeldLimit {
  readonly quotaId: string;
  readonly resource: string;
  /** In base units; of a rate whole micro-units a second. `unlimited`: the text bounds it nowhere. */
  readonly most: bigint | 'unlimited';
  /** The least of it that the target can hold, where that is not nothing. */
  readonly least?: bigint;
}

/** The target's language. Pure: no clock, no random, no I/O; the same set gives the same bytes. */
export interface Format {
  render(set: DispatchedSet): Rendered;
  /** What the target would refuse or misread in a text, one a line; empty: nothing. */
  check(text: string): readonly string[];
  /**
   * Of each quota and each resource that the target is told of, what holds by the text; a quota that is not in
   * the text is left out. Written apart from `render`, as the target reads: the keeper compares the two.
   */
  held(text: string, set: DispatchedSet): readonly HeldLimit[];
}

/** What a target holds now. */
export interface Holding {
  /** SHA-256 in hexadecimal digits of the text; null: it holds nothing, or nobody can say. */
  readonly checksum: string | null;
  /** null: as above, or only its checksum is known. */
  readonly text: string | null;
}

/** Where texts go. Every call ends by its signal; a fault is one of the errors below or the connection's own. */
export interface Place {
  /** @throws TargetUnreachable, TargetRefused */
  read(signal: AbortSignal): Promise<Holding>;
  /**
   * Brings the whole text there, or leaves what was. Writing the same text twice is writing it once.
   * @param former what `read` said a moment ago; a place that can compare and set refuses when it is no longer so
   * @throws TargetUnreachable (it may have come there), TargetRefused, TargetChanged (nothing was written)
   */
  write(text: string, former: Holding, signal: AbortSignal): Promise<void>;
  /**
   * Whether whoever reads the place has taken the text; null: it has, else what is waited for. Absent: what is
   * read back is proof enough.
   */
  confirm?(text: string, signal: AbortSignal): Promise<string | null>;
  close?(): Promise<void>;
}

/** What the operator lets a dispatcher of one application reach. */
export interface TargetAccess {
  readonly application: string;
  /** The folder below which it may write files; null: none. */
  readonly directory: string | null;
  /** `host` or `host:port` that it may speak to. */
  readonly hosts: ReadonlySet<string>;
  /** Whole seconds since the epoch, for signatures. */
  readonly second: () => bigint;
  /** The text of a secret that the registration names. @throws SecretMissing */
  readonly secret: (name: string) => Promise<string>;
  /** An exchange with a host of the list. @throws HostNotAllowed, or the connection's error */
  readonly request: (request: GuardedRequest) => Promise<GuardedAnswer>;
}

export interface DispatcherType {
  readonly kind: DispatcherKind;
  /** Settings are as the schema in the quota model says, for the registration was refused otherwise. */
  format(dispatcher: Dispatcher, application: string): Format;
  place(dispatcher: Dispatcher, access: TargetAccess): Place;
}

/** It did not answer, or not in time; the same may succeed later. */
export class TargetUnreachable extends Error {
  override readonly name = 'TargetUnreachable';
}

/** It answered no, or must not be asked: only another text, another registration or the operator helps. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
}

/** Somebody else wrote between reading and writing. */
export class TargetChanged extends Error {
  override readonly name = 'TargetChanged';
}
