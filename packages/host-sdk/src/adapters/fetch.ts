import { passCall } from './outgoing.ts';
import type { OutgoingOptions } from './outgoing.ts';
import type { Passage } from './passage.ts';

export { QuotaRefused } from './quotaRefused.ts';
export type { OutgoingOptions } from './outgoing.ts';

/**
 * A `fetch` whose calls are held to a quota: one that there is no room for rejects with QuotaRefused
 * and is not made. A permit comes back when the answer's body was read, or cancelled, or lost.
 */
export function quotaFetch(
  options: OutgoingOptions<Request>,
  fetchWith: typeof fetch = fetch,
): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const passage = await passCall(options, request, request.signal);
    try {
      return releasedWithBody(await fetchWith(request), passage);
    } catch (error) {
      passage.release();
      throw error;
    }
  };
}

function releasedWithBody(response: Response, passage: Passage): Response {
  const body: ReadableStream<Uint8Array<ArrayBuffer>> | null = response.body;
  if (body === null) {
    passage.release();
    return response;
  }
  const reader = body.getReader();
  const released = new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        passage.release();
        controller.close();
        controller.byobRequest?.respond(0);
      } catch (error) {
        passage.release();
        controller.error(error);
      }
    },
    async cancel(reason) {
      passage.release();
      await reader.cancel(reason);
    },
  });
  const { status, statusText, headers, url } = response;
  const answer = new Response(released, { status, statusText, headers });
  // A response made here has no address of its own.
  return Object.defineProperty(answer, 'url', { value: url });
}
