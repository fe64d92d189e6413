import { NEVER } from '../decision/verdict.ts';
import { refusalKinds } from '../http/refusalKinds.ts';
import type { Refusal } from './passage.ts';

/** A call that the quota of whoever makes it has no room for; it was not made. */
export class QuotaRefused extends Error {
  override readonly name = 'QuotaRefused';
  /** As in an answer over HTTP: `QUOTA_EXCEEDED` and the like. */
  readonly code: string;
  readonly quotaId: string | null;
  readonly resource: string;
  /** When there may be room; null: waiting does not help. */
  readonly retryAfterMs: number | null;

  constructor({ reason, quotaId, resource, retryAfterMicros }: Refusal) {
    const { code, title } = refusalKinds[reason];
    super(`${title}: ${resource} of ${quotaId ?? 'no quota'}.`);
    this.code = code;
    this.quotaId = quotaId;
    this.resource = resource;
    this.retryAfterMs = retryAfterMicros === NEVER ? null : Math.ceil(retryAfterMicros / 1000);
  }
}
