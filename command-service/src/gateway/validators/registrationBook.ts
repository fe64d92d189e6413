import { fromJson } from '@prorata/schemas';
import type { RemoteValidator } from '@prorata/schemas';
import type { Logger } from '@prorata/service-runtime';
import { askProjector } from './askProjector.ts';
import type { ProjectorAccess } from './askProjector.ts';

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
}

export interface RegistrationBookParts extends ProjectorAccess {
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
    if (this.#parts.projectorUrl === null) return Promise.resolve(null);
    const entry = this.#entries.get(application);
    const nowMs = this.#nowMs();
    if (entry === undefined || nowMs - entry.readAtMs >= STALE_MS) return this.#keep(application);
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
      this.#parts.logger.warn({ err: error, application }, 'a registration could not be read');
      return null;
    });
    this.#remember(application, registration);
    return registration;
  }

  /** While the projector is away, what is known grows old; an outage is not asked about at every command. */
  async #refresh(application: string, entry: Entry): Promise<void> {
    const read = await this.#read(application).catch(() => undefined);
    if (read === undefined || this.#entries.get(application) !== entry) return;
    this.#remember(application, Promise.resolve(read));
  }

  #remember(application: string, registration: Promise<KnownRegistration | null>): void {
    this.#entries.delete(application);
    const nowMs = this.#nowMs();
    this.#entries.set(application, { registration, readAtMs: nowMs, askedAtMs: nowMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > REMEMBERED_MAX && oldest !== undefined) this.#entries.delete(oldest);
  }

  async #read(application: string): Promise<KnownRegistration | null> {
    const path = `/v1/applications/${encodeURIComponent(application)}`;
    const read = await askProjector(this.#parts, path);
    if (read === null) return null;
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
