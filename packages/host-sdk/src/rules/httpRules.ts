import type { Rule } from '@prorata/schemas';
import { createParser } from 'eventsource-parser';
import type { EventSourceMessage } from 'eventsource-parser';
import { Backoff, isRunning } from '../backoff.ts';
import { headersWith } from '../bearerToken.ts';
import type { BearerToken } from '../bearerToken.ts';
import { assertTaken } from '../credentialsRejected.ts';
import { longOf, objectFromText, ruleFromJson, RulesUnreadable } from './ruleJson.ts';
import { reconnectMaxMs, reconnectMinMs } from './ruleSource.ts';
import type { RuleSink, RuleSource } from './ruleSource.ts';

export interface HttpRulesOptions {
  /** The gateway or the relay, such as https://prorata.example:8443. */
  readonly url: string;
  /** A token with the role host; a function is asked at every connection. */
  readonly token: BearerToken;
}

/** The stream did not begin, or broke off; the source connects again. */
export class RuleStreamBroken extends Error {
  override readonly name = 'RuleStreamBroken';
}

/** The relay sends something every 5 s; three of these missed, and the connection is taken for dead. */
const SILENCE_MS_MAX = 15_000;
/** A quarter of a million rules; a stream that sends more without an event is none of ours. */
const EVENT_CHARACTERS_MAX = 128 * 1024 * 1024;

/** Rules by server-sent events: the whole set first, then every change. */
export function httpRules({ url, token }: HttpRulesOptions): RuleSource {
  return {
    kind: 'http',
    async run(application, sink, abort) {
      const address = new URL(`/v1/rules/${encodeURIComponent(application)}/stream`, url);
      const backoff = new Backoff(reconnectMinMs, reconnectMaxMs);
      while (isRunning(abort)) {
        try {
          await readStream(address, token, sink, abort, () => backoff.reset());
        } catch (error) {
          if (isRunning(abort)) sink.failed(error);
        }
        await backoff.pause(abort);
      }
    },
  };
}

async function readStream(
  address: URL,
  token: BearerToken,
  sink: RuleSink,
  abort: AbortSignal,
  arrived: () => void,
): Promise<void> {
  const silent = new AbortController();
  const watchdog = setTimeout(
    () => silent.abort(new RuleStreamBroken(`Nothing came for ${SILENCE_MS_MAX} ms.`)),
    SILENCE_MS_MAX,
  );
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
      (event) => {
        handle(event, sink);
        arrived();
      },
      () => watchdog.refresh(),
    );
  } finally {
    clearTimeout(watchdog);
  }
}

/** Rejects with what broke the stream; an end is a break as well. */
async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: EventSourceMessage) => void,
  onBytes: () => void,
): Promise<void> {
  let sinceEvent = 0;
  const parser = createParser({
    onEvent(event) {
      sinceEvent = 0;
      onEvent(event);
    },
    onComment() {
      sinceEvent = 0;
    },
  });
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    onBytes();
    sinceEvent += text.length;
    if (sinceEvent > EVENT_CHARACTERS_MAX) throw new RuleStreamBroken('An event has no end.');
    parser.feed(text);
  }
  throw new RuleStreamBroken('The stream has ended.');
}

/** Only `heartbeat` confirms: a relay that has lost the log goes on sending comments. */
function handle({ event, data }: EventSourceMessage, sink: RuleSink): void {
  if (event === 'heartbeat') sink.confirm();
  else if (event === 'rules') replaceAll(objectFromText(data), sink);
  else if (event === 'rule') sink.change(ruleFromJson(objectFromText(data)));
  else if (event === 'rule-deleted') {
    const { quotaId, eventOffset } = objectFromText(data);
    if (typeof quotaId !== 'string') throw new RulesUnreadable('A deletion names no quota.');
    sink.remove(quotaId, longOf(eventOffset, 'eventOffset'));
  }
}

function replaceAll(json: Record<string, unknown>, sink: RuleSink): void {
  const list: unknown = json['rules'];
  if (!Array.isArray(list)) throw new RulesUnreadable('The set has no list of rules.');
  const rules: Rule[] = [];
  const unreadable: string[] = [];
  for (const item of list as unknown[]) {
    try {
      rules.push(ruleFromJson(item));
    } catch (error) {
      sink.failed(error);
      const quotaId = (item as { quotaId?: unknown } | null)?.quotaId;
      if (typeof quotaId === 'string') unreadable.push(quotaId);
    }
  }
  const appliedOffset = longOf(json['appliedOffset'], 'appliedOffset');
  const completeTo = json['completeTo'] == null ? null : longOf(json['completeTo'], 'completeTo');
  const isCurrent = json['isCurrent'] === true;
  sink.replaceAll({ rules, unreadable, completeTo, isCurrent, appliedOffset });
}
