import type { ProblemCode } from '@prorata/service-runtime';
import { SubmissionRefused } from './submissionRefused.ts';

/** Longest wait for the projector, milliseconds: it reads two rows. */
const ANSWER_TIMEOUT_MS = 2_000;
/** Contents that are waited for at once: a projector that is slow must not hold every caller of the gateway. */
const WAITING_MAX = 64;
const RETRY_AFTER_S = 1;

/** How the caller says who it is, as headers: the projector decides what it may read. */
export type Credentials = Readonly<Record<string, string>>;

export interface PastContentsParts {
  /** null: nobody can be asked. */
  readonly projectorUrl: string | null;
  readonly answerTimeoutMs?: number;
}

/** What quotas declared in earlier versions: the projector keeps it, for the writer has no history. */
export class PastContents {
  readonly #projectorUrl: string | null;
  readonly #answerTimeoutMs: number;
  #waiting = 0;

  constructor({ projectorUrl, answerTimeoutMs = ANSWER_TIMEOUT_MS }: PastContentsParts) {
    this.#projectorUrl = projectorUrl;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  /**
   * The content as JSON. The writer checks it against the version's hash, so that the projector need not
   * be believed.
   * @throws SubmissionRefused when there is none, or nobody says
   */
  async of(quotaId: string, version: string, credentials: Credentials): Promise<unknown> {
    if (this.#waiting >= WAITING_MAX) throw unavailable('Too many wait for it already.');
    this.#waiting += 1;
    try {
      return await this.#read(quotaId, version, credentials);
    } finally {
      this.#waiting -= 1;
    }
  }

  async #read(quotaId: string, version: string, credentials: Credentials): Promise<unknown> {
    if (this.#projectorUrl === null) throw unavailable('This gateway knows no projector.');
    const path = `/v1/quotas/${encodeURIComponent(quotaId)}/versions/${version}`;
    const url = new URL(path, this.#projectorUrl);
    const signal = AbortSignal.timeout(this.#answerTimeoutMs);
    const { status, body } = await fetch(url, { headers: credentials, signal, redirect: 'error' })
      .then(async (response) => ({
        status: response.status,
        body: (await response.json()) as Answer,
      }))
      .catch((cause: unknown) => {
        throw unavailable('The projector does not answer.', cause);
      });
    if (status === 200 && body.content !== undefined) return body.content;
    const code = passedOn.get(`${status} ${body.code ?? ''}`);
    if (code === undefined) throw unavailable(`The projector answers ${status}.`);
    throw new SubmissionRefused(code, body.detail ?? '');
  }
}

interface Answer {
  readonly content?: unknown;
  readonly code?: string;
  readonly detail?: string;
}

/** What the projector says that is the caller's to mend. */
const passedOn: ReadonlyMap<string, ProblemCode> = new Map<string, ProblemCode>([
  ['403 FORBIDDEN', 'FORBIDDEN'],
  ['404 QUOTA_UNKNOWN', 'QUOTA_UNKNOWN'],
  ['404 VERSION_UNKNOWN', 'VERSION_UNKNOWN'],
]);

function unavailable(why: string, cause?: unknown): SubmissionRefused {
  const detail = `What the version declared cannot be read: ${why}`;
  return new SubmissionRefused('VERSIONS_UNAVAILABLE', detail, {
    cause,
    retryAfterS: RETRY_AFTER_S,
  });
}
