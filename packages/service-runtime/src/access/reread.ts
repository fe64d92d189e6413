import { Problem } from '../problem.ts';

export interface RereadOptions {
  /** Told when it cannot be read again; what was known before holds until it can. Default: a warning of the process. */
  readonly onFault?: (error: Error) => void;
  /** Milliseconds, from wherever. */
  readonly now?: () => number;
}

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
  let reading: Promise<void> | null = null;

  async function readOnce(): Promise<void> {
    triedAtMs = now();
    try {
      known = { value: await source.read(), readAtMs: now() };
    } catch (cause) {
      onFault(new Error(`The keys of ${source.place} cannot be read.`, { cause }));
    }
  }
  const read = (): Promise<void> => {
    reading ??= readOnce().finally(() => (reading = null));
    return reading;
  };
  const mayTry = (): boolean => reading !== null || now() - triedAtMs > READS_APART_MS;
  const believed = (): T => {
    if (known !== null && now() - known.readAtMs <= AGE_MAX_MS + source.heldMsMax) {
      return known.value;
    }
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
  };
}

function warn(error: Error): void {
  process.emitWarning(error);
}
