/** YuniKorn's REST interface: it judges a text before it is written, and tells by a checksum that it has taken it. */
import { checksumOf } from '../checksum.ts';
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { TargetAccess } from '../dispatcher.ts';

/** A configuration of many queues comes back whole, bytes. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Of a reason so much is told, characters. */
const REASON_LENGTH_MAX = 500;

export class Scheduler {
  readonly #url: string;
  readonly #access: TargetAccess;

  /** @param url of its REST service, without the path */
  constructor(url: string, access: TargetAccess) {
    this.#url = url.replace(/\/+$/, '');
    this.#access = access;
  }

  /**
   * Kubernetes' own admission lets a text through while the scheduler is away; this does not.
   * @throws TargetRefused with its reason, TargetUnreachable
   */
  async mustTake(text: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#ask('POST', '/ws/v1/validate-conf', text, signal);
    if (answer['allowed'] === true) return;
    const reason = typeof answer['reason'] === 'string' ? answer['reason'] : 'it gives no reason';
    throw new TargetRefused(`YuniKorn does not take it: ${reason.slice(0, REASON_LENGTH_MAX)}`);
  }

  /** null: it has taken the text. @throws TargetUnreachable */
  async taken(text: string, signal: AbortSignal): Promise<string | null> {
    const answer = await this.#ask('GET', '/ws/v1/config', undefined, signal);
    const checksum = answer['Checksum'] ?? answer['checksum'];
    if (typeof checksum === 'string' && checksum.toLowerCase() === checksumOf(text)) return null;
    return 'It is written, and YuniKorn has not taken it yet: it may have failed to, see its log.';
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { status, text } = await this.#access.request({
      url: new URL(`${this.#url}${path}`),
      method,
      ...(body === undefined ? {} : { body }),
      headers: { accept: 'application/json' },
      answerBytesMax: ANSWER_BYTES_MAX,
      signal,
    });
    if (status !== 200) throw new TargetUnreachable(`YuniKorn answered ${status}.`);
    const answer = objectIn(text);
    if (answer === null) throw new TargetUnreachable('YuniKorn answered with no JSON object.');
    return answer;
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
