import { proofHeaders } from '@prorata/service-runtime';
import type { GuardedAnswer } from '@prorata/service-runtime';
import { checksumOf } from '../checksum.ts';
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { Holding, Place, TargetAccess } from '../dispatcher.ts';

export interface WebhookTarget {
  readonly url: URL;
  readonly dispatcher: string;
  readonly secretRef: string | null;
  /** Whether GET at the same address tells what was taken. */
  readonly readBack: boolean;
}

/** A checksum and a word about it: more of an answer is not read, bytes. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** Answers of a request that is right and may be taken later. */
const later = new Set([408, 425, 429]);

/**
 * The text by POST, whole each time. The key of idempotency is its checksum: whoever gets it twice takes it once.
 * Signed as what remote validators are asked, and no answer that leads elsewhere is followed.
 */
export function webhookPlace(target: WebhookTarget, access: TargetAccess): Place {
  /** What it has said it took; a restart asks, or tells it once more. */
  let taken: Holding = { checksum: null, text: null };
  const exchange = (method: 'GET' | 'POST', body: string, signal: AbortSignal) =>
    exchanged(target, access, { method, body, signal });
  return {
    async read(signal) {
      if (!target.readBack) return taken;
      const { status, text } = await exchange('GET', '', signal);
      if (status === 404) return { checksum: null, text: null };
      mustBeTaken(status);
      const checksum = checksumIn(text);
      return { checksum, text: checksum === taken.checksum ? taken.text : null };
    },
    async write(text, _former, signal) {
      const { status, text: answer } = await exchange('POST', text, signal);
      mustBeTaken(status);
      const checksum = checksumOf(text);
      const told = checksumIn(answer);
      if (told !== null && told !== checksum) {
        throw new TargetUnreachable('It answered with the checksum of another text.');
      }
      taken = { checksum, text };
    },
  };
}

async function exchanged(
  { url, dispatcher, secretRef }: WebhookTarget,
  access: TargetAccess,
  {
    method,
    body,
    signal,
  }: { readonly method: 'GET' | 'POST'; readonly body: string; readonly signal: AbortSignal },
): Promise<GuardedAnswer> {
  const { application, second } = access;
  const proof =
    secretRef === null
      ? {}
      : proofHeaders(secretRef, await access.secret(secretRef), body, second());
  const checksum = checksumOf(body);
  const sent = {
    'content-type': 'text/plain; charset=utf-8',
    'idempotency-key': checksum,
    'prorata-checksum': checksum,
  };
  return access.request({
    url,
    method,
    ...(method === 'GET' ? {} : { body }),
    signal,
    answerBytesMax: ANSWER_BYTES_MAX,
    headers: {
      accept: 'application/json',
      'prorata-application': application,
      'prorata-dispatcher': dispatcher,
      ...(method === 'GET' ? {} : sent),
      ...proof,
    },
  });
}

/** @throws TargetRefused where only another text or registration helps, TargetUnreachable where time does */
function mustBeTaken(status: number): void {
  if (status >= 200 && status < 300) return;
  const message = `It answered ${status}.`;
  if (status >= 300 && status < 500 && !later.has(status)) throw new TargetRefused(message);
  throw new TargetUnreachable(message);
}

/** `{"checksum": "<SHA-256>"}`; null: it says none. */
function checksumIn(text: string): string | null {
  try {
    const { checksum } = (JSON.parse(text) as { readonly checksum?: unknown } | null) ?? {};
    return typeof checksum === 'string' ? checksum.toLowerCase() : null;
  } catch {
    return null;
  }
}
