/** An answer is awaited so long, milliseconds; then it is sent again. */
const TIMEOUT_MS = 10_000;

/** The receiver did not take a line; it gets the same one again. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

/** Delivers one exported anchor. */
export type DeliverLine = (line: string) => Promise<void>;

/**
 * POSTs each line as JSON. Whoever receives it may get one twice, and tells them apart by partition and
 * offset. An answer that leads elsewhere is not followed: the address is the operator's.
 * @param token asked for each time, since it rotates; null: none is sent
 */
export function anchorWebhook(url: string, token: () => Promise<string | null>): DeliverLine {
  return async (line) => {
    const bearer = await token();
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'content-type': 'application/json',
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body: line,
    });
    await response.body?.cancel();
    if (!response.ok) throw new WebhookRefused(`The webhook answered ${response.status}.`);
  };
}
