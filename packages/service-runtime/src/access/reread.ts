import { Problem } from '../problem.ts';

export interface RereadOptions {
  /** Told when it cannot be read again; what was known before holds until it can. Default: a warning of the process. */
  readonly onFault?: (error: Error) => void;
  /** Milliseconds, from wherever. */
  readonly now?: () => number;
}

/**
 * How long what stands in a file is believed when it cannot be read again, milliseconds: time to mend a
 * mount or a half-written file, and no longer, for a key that was revoked meanwhile still opens.
 */
export const FILE_HELD_MS_MAX = 600_000;

/** What is vouched for elsewhere, in a file or by an issuer, and changes there. */
export interface RereadSource<T> {
  /** Where it is, for the message of a fault. */
  readonly place: string;
  readonly read: () => Promise<T>;
  /** How long it is believed when it cannot be read again, milliseconds. */
  readonly heldMsMax: number;
}

export interface Reread<T> {
  /** What is known, read again when it is a minute old. @throws Problem 503 while nothing is known */
  current(): Promise<T>;
  /** For what is not in it: read again now, or null when that was tried in the last ten seconds. */
  again(): Promise<T | null>;
  /** How it is with the source; tries it again, unseen, when it failed. */
  readonly health: () => SourceHealth;
}

/** For `/readyz` and `/metrics`. */
export interface SourceHealth {
  readonly place: string;
  /** Whether anybody whom the source vouches for can be let in. */
  readonly isBelieved: boolean;
  /** Since when each reading failed, seconds; null: the last one did not. */
  readonly failingS: number | null;
}

/** A flood of credentials that nobody knows must not become a flood of reads, milliseconds. */
const READS_APART_MS = 10_000;
/** How long what was taken away is still believed, milliseconds. */
const AGE_MAX_MS = 60_000;
const RETRY_AFTER_S = 10;

/** One reading at a time, ten seconds apart when it fails or finds nothing new. */
export function reread<T>(
  source: RereadSource<T>,
  { onFault = warn, now = () => performance.now() }: RereadOptions = {},
): Reread<T> {
  let known: { readonly value: T; readonly readAtMs: number } | null = null;
  let triedAtMs = -Infinity;
  let failingSinceMs: number | null = null;
  let reading: Promise<void> | null = null;

  async function readOnce(): Promise<void> {
    triedAtMs = now();
    try {
      known = { value: await source.read(), readAtMs: now() };
      failingSinceMs = null;
    } catch (cause) {
      failingSinceMs ??= now();
      onFault(new Error(`The keys of ${source.place} cannot be read.`, { cause }));
    }
  }
  const read = (): Promise<void> => {
    reading ??= readOnce().finally(() => (reading = null));
    return reading;
  };
  const mayTry = (): boolean => reading !== null || now() - triedAtMs > READS_APART_MS;
  const held = (): { readonly value: T } | null => {
    return known !== null && now() - known.readAtMs <= AGE_MAX_MS + source.heldMsMax ? known : null;
  };
  const believed = (): T => {
    const kept = held();
    if (kept !== null) return kept.value;
    const detail = `The keys of ${source.place} cannot be read: who you are cannot be told.`;
    const headers = { 'retry-after': `${RETRY_AFTER_S}` };
    throw new Problem(503, 'ISSUER_UNAVAILABLE', detail, { headers });
  };
  return {
    async current() {
      const isOld = known === null || now() - known.readAtMs > AGE_MAX_MS;
      if (isOld && mayTry()) await read();
      return believed();
    },
    async again() {
      if (!mayTry()) return null;
      await read();
      return believed();
    },
    health() {
      // Nobody may ask a service that is not ready, so it must find out by itself.
      if (failingSinceMs !== null && mayTry()) void read();
      return {
        place: source.place,
        isBelieved: failingSinceMs === null || held() !== null,
        failingS: failingSinceMs === null ? null : (now() - failingSinceMs) / 1_000,
      };
    },
  };
}

function warn(error: Error): void {
  process.emitWarning(error);
}
