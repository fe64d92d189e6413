import { fromJson } from '@prorata/schemas';
import type { RemoteValidator } from '@prorata/schemas';
import type { Logger } from '@prorata/service-runtime';
import { ProjectorAway } from './askProjector.ts';
import type { AskProjector } from './askProjector.ts';

/** What the gateway must know of a registration. */
export interface KnownRegistration {
  readonly version: bigint;
  readonly validators: readonly RemoteValidator[];
}

/** For so long what was read is believed without asking, and nobody who did not answer is asked again, milliseconds. */
const FRESH_MS = 2_000;
/** For so long it is believed while it is read anew, milliseconds; the model refuses what is outdated. */
const STALE_MS = 15_000;
/** Applications remembered; the one that was read longest ago goes. */
const REMEMBERED_MAX = 10_000;

interface Entry {
  readonly registration: Promise<KnownRegistration | null>;
  readonly readAtMs: number;
  /** When it was last asked for, with success or without. */
  askedAtMs: number;
  /** Nobody said: the next command waits for an answer, instead of being told so once more. */
  hasFailed: boolean;
}

export interface RegistrationBookParts {
  /** null: there is no projector to ask. */
  readonly ask: AskProjector | null;
  readonly logger: Logger;
  readonly nowMs?: () => number;
}

/** Registrations as the projector shows them: some seconds old, and read once for all who wait. */
export class RegistrationBook {
  readonly #parts: RegistrationBookParts;
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(parts: RegistrationBookParts) {
    this.#parts = parts;
    this.#nowMs = parts.nowMs ?? (() => performance.now());
  }

  /** null: none is known, because there is none or nobody said. Never rejects. */
  of(application: string): Promise<KnownRegistration | null> {
    if (this.#parts.ask === null) return Promise.resolve(null);
    const entry = this.#entries.get(application);
    const nowMs = this.#nowMs();
    const believedMs = entry?.hasFailed === true ? FRESH_MS : STALE_MS;
    if (entry === undefined || nowMs - entry.readAtMs >= believedMs) return this.#keep(application);
    if (nowMs - entry.askedAtMs >= FRESH_MS) {
      entry.askedAtMs = nowMs;
      void this.#refresh(application, entry);
    }
    return entry.registration;
  }

  /** Somebody has seen that it changed. */
  forget(application: string): void {
    this.#entries.delete(application);
  }

  /** Whoever asks meanwhile waits for the same answer. */
  #keep(application: string): Promise<KnownRegistration | null> {
    const registration = this.#read(application).catch((error: unknown) => {
      entry.hasFailed = true;
      if (!(error instanceof ProjectorAway))
        this.#parts.logger.warn({ err: error, application }, 'a registration could not be read');
      // Nobody was asked, which is no answer to keep.
      else if (this.#entries.get(application) === entry) this.#entries.delete(application);
      return null;
    });
    const entry = this.#remember(application, registration);
    return registration;
  }

  /** While the projector is away, what is known grows old; an outage is not asked about at every command. */
  async #refresh(application: string, entry: Entry): Promise<void> {
    const read = await this.#read(application).catch(() => undefined);
    if (read === undefined || this.#entries.get(application) !== entry) return;
    this.#remember(application, Promise.resolve(read));
  }

  #remember(application: string, registration: Promise<KnownRegistration | null>): Entry {
    this.#entries.delete(application);
    const nowMs = this.#nowMs();
    const entry = { registration, readAtMs: nowMs, askedAtMs: nowMs, hasFailed: false };
    this.#entries.set(application, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > REMEMBERED_MAX && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  async #read(application: string): Promise<KnownRegistration | null> {
    const path = `/v1/applications/${encodeURIComponent(application)}`;
    const read = await this.#parts.ask?.(path);
    if (read === null || read === undefined) return null;
    const body = read as { version?: unknown; validators?: unknown };
    return { version: BigInt(String(body.version)), validators: validatorsOf(body.validators) };
  }
}

function validatorsOf(json: unknown): RemoteValidator[] {
  if (!Array.isArray(json)) throw new Error('The projector named no validators.');
  return json.map((each) => {
    const parsed = fromJson('io.prorata.type.RemoteValidator', each);
    if ('value' in parsed) return parsed.value as RemoteValidator;
    throw new Error('The projector named a validator that cannot be read.');
  });
}
