import type { Lease } from '@prorata/schemas';
import { fromJson, fullNameOf } from '@prorata/schemas';
import { Backoff, isRunning } from '../backoff.ts';
import { headersWith } from '../bearerToken.ts';
import type { BearerToken } from '../bearerToken.ts';
import { assertTaken } from '../credentialsRejected.ts';
import { readEvents, RuleStreamBroken, SILENCE_MS_MAX } from '../rules/eventStream.ts';
import { objectFromText, RulesUnreadable } from '../rules/ruleJson.ts';
import { reconnectMaxMs, reconnectMinMs } from '../rules/ruleSource.ts';
import type { LeaseHolder, LeaseSink } from './leaseSource.ts';

/** Leases of one start of the host by server-sent events. Resolves when aborted; never rejects. */
export async function streamLeases(
  { url, token }: { readonly url: string; readonly token: BearerToken },
  { application, bootId }: LeaseHolder,
  sink: LeaseSink,
  abort: AbortSignal,
): Promise<void> {
  const path = `/v1/leases/${encodeURIComponent(application)}/${encodeURIComponent(bootId)}/stream`;
  const address = new URL(path, url);
  const backoff = new Backoff(reconnectMinMs, reconnectMaxMs);
  while (isRunning(abort)) {
    try {
      await readOnce(address, token, sink, abort, () => backoff.reset());
    } catch (error) {
      if (isRunning(abort)) sink.failed(error);
    }
    await backoff.pause(abort);
  }
}

async function readOnce(
  address: URL,
  token: BearerToken,
  sink: LeaseSink,
  abort: AbortSignal,
  arrived: () => void,
): Promise<void> {
  const silent = new AbortController();
  const broken = new RuleStreamBroken(`No word of leases came for ${SILENCE_MS_MAX} ms.`);
  const watchdog = setTimeout(() => silent.abort(broken), SILENCE_MS_MAX);
  watchdog.unref();
  try {
    const response = await fetch(address, {
      headers: await headersWith(token, { accept: 'text/event-stream' }),
      signal: AbortSignal.any([abort, silent.signal]),
    });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      assertTaken(address.pathname, response.status);
      throw new RuleStreamBroken(`${address.pathname} answered ${response.status}.`);
    }
    await readEvents(
      response.body,
      ({ event, data }) => {
        if (event === 'lease') sink.lease(leaseFromText(data));
      },
      () => {
        arrived();
        watchdog.refresh();
      },
    );
  } finally {
    clearTimeout(watchdog);
  }
}

/** @throws RulesUnreadable */
function leaseFromText(text: string): Lease {
  const parsed = fromJson(fullNameOf.Lease, objectFromText(text));
  if ('value' in parsed) return parsed.value as Lease;
  const wrong = parsed.violations.map(({ path, message }) => `${path} ${message}`);
  throw new RulesUnreadable(`A lease is not readable: ${wrong.join('; ')}.`);
}
